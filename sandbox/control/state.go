package control

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

func programRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/healthz", handle: getHealth, spaceless: true},
		{method: http.MethodGet, path: "/info", handle: getInfo},
	}
}

type health struct {
	Status  string `json:"status"`
	Label   string `json:"label"`
	Version string `json:"version"`
}

func getHealth(c *call) (any, error) {
	return health{Status: "ok", Label: c.handler.config.Label, Version: openplatform.Version}, nil
}

type info struct {
	Label          string                `json:"label"`
	Space          string                `json:"space"`
	BasePath       string                `json:"base_path"`
	Version        string                `json:"version"`
	HTTPStatus     bool                  `json:"http_status"`
	ImgCode        string                `json:"img_code"`
	SmsCode        string                `json:"sms_code"`
	OneAccessToken bool                  `json:"one_access_token"`
	Operations     []sandbox.Operation   `json:"operations"`
	Presets        []sandbox.Preset      `json:"presets"`
	SpecialKinds   []sandbox.SpecialKind `json:"special_kinds"`
}

func getInfo(c *call) (any, error) {
	config := c.handler.config
	return info{
		Label: config.Label, Space: c.space.name, BasePath: basePath(c.space.name), Version: openplatform.Version,
		HTTPStatus: config.HTTPStatus, ImgCode: config.ImgCode, SmsCode: config.SmsCode, OneAccessToken: config.OneAccessToken,
		Operations: sandbox.Operations(), Presets: sandbox.Presets(), SpecialKinds: sandbox.SpecialKinds(),
	}, nil
}

func stateRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/clock", handle: getClock},
		{method: http.MethodPost, path: "/clock/advance", handle: advanceClock},
		{method: http.MethodPost, path: "/reset", handle: reset},
		{method: http.MethodGet, path: "/state", handle: exportState, state: true},
		{method: http.MethodPut, path: "/state", handle: importState, state: true},
		{method: http.MethodGet, path: "/events", handle: streamEvents, query: []string{"types", "after"}},
	}
}

type clock struct {
	Now      time.Time        `json:"now"`
	Advanced sandbox.Duration `json:"advanced"`
}

func getClock(c *call) (any, error) {
	return clock{Now: c.sandbox.Now(), Advanced: sandbox.Duration(c.sandbox.Advanced())}, nil
}

func advanceClock(c *call) (any, error) {
	var in struct {
		By sandbox.Duration `json:"by"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.By <= 0 {
		return nil, badRequest("by must be a duration such as 61s; the clock does not go back")
	}
	c.sandbox.Advance(time.Duration(in.By))
	return getClock(c)
}

func reset(c *call) (any, error) {
	c.sandbox.Reset()
	return nil, c.handler.config.Seed.plant(c.sandbox)
}

func exportState(c *call) (any, error) {
	state, err := c.sandbox.Export()
	return json.RawMessage(state), err
}

func importState(c *call) (any, error) {
	if err := checkState(c.body); err != nil {
		return nil, err
	}
	if err := c.sandbox.Import(c.body); err != nil {
		return nil, badRequest("%v", err)
	}
	return nil, nil
}

func spaceRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/spaces", handle: listSpaces, rootOnly: true, spaceless: true},
		{method: http.MethodDelete, path: "/spaces/{name}", handle: removeSpace, rootOnly: true, spaceless: true},
	}
}

func listSpaces(c *call) (any, error) {
	return map[string]any{"spaces": c.handler.spaces.list()}, nil
}

func removeSpace(c *call) (any, error) {
	if !c.handler.spaces.remove(c.id) {
		return nil, refusef(http.StatusNotFound, "there is no space of this name")
	}
	return nil, nil
}

// maxStateObjects is more than an export has. A small object needs a hundred bytes of memory when it is read.
const maxStateObjects = 500_000

// checkState applies the limits of the API to the faults, clients and numbers of a state. sandbox.Import checks the rest.
func checkState(state []byte) error {
	if bytes.Count(state, []byte("{")) > maxStateObjects {
		return badRequest("the state has more than %d objects, which is more than a space keeps", maxStateObjects)
	}
	var in struct {
		Clients        []sandbox.Client        `json:"clients"`
		SpecialNumbers []sandbox.SpecialNumber `json:"special_numbers"`
		Faults         []struct {
			Fault sandbox.Fault `json:"fault"`
		} `json:"faults"`
	}
	if err := json.Unmarshal(state, &in); err != nil {
		return badRequest("the body is not the JSON that this path expects: %v", err)
	}
	size := 0
	for _, f := range in.Faults {
		if err := checkFault(f.Fault); err != nil {
			return err
		}
		size += faultBytes(f.Fault)
	}
	for _, c := range in.Clients {
		if err := checkClient(c); err != nil {
			return err
		}
	}
	if len(in.Faults) > maxFaults || size > maxFaultBytes || len(in.Clients) > maxClients || len(in.SpecialNumbers) > maxSpecialNumbers {
		return badRequest("the state has more than %d faults, with %d bytes of bodies and headers, %d clients or %d special numbers",
			maxFaults, maxFaultBytes, maxClients, maxSpecialNumbers)
	}
	return nil
}
