package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Preset is the name of a typical response of a gateway.
type Preset string

// The presets.
const (
	PresetNginx502      Preset = "nginx_502"      // the HTML page of nginx for 502 Bad Gateway
	PresetEmpty503      Preset = "empty_503"      // 503 without a body, with Retry-After: 30
	PresetTruncatedJSON Preset = "truncated_json" // an envelope that is truncated, with the connection
	PresetGBKPage       Preset = "gbk_page"       // 200 and an HTML page in GBK: 系统正在维护，请稍后再试
	PresetRedirect      Preset = "redirect"       // 307 to a host that does not exist
	PresetSlowBody      Preset = "slow_body"      // an envelope with code 500, one byte per second
)

// Presets returns all presets, in alphabetical order.
func Presets() []Preset { return slices.Sorted(maps.Keys(presets)) }

// presets are the faults with the effect of each preset.
var presets = map[Preset]Fault{
	PresetNginx502: {
		HTTPStatus: http.StatusBadGateway, Header: http.Header{"Server": {"nginx"}, "Content-Type": {"text/html"}},
		Body: "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n" +
			"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
	},
	PresetEmpty503: {HTTPStatus: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"30"}}},
	PresetTruncatedJSON: {
		Header: http.Header{"Content-Type": {jsonType}, "Content-Length": {strconv.Itoa(2 * len(halfAnEnvelope))}},
		Body:   halfAnEnvelope,
	},
	PresetGBKPage: {
		Header: http.Header{"Content-Type": {"text/html; charset=GBK"}},
		Body: "<html>\r\n<head><title>\xcf\xb5\xcd\xb3\xce\xac\xbb\xa4</title></head>\r\n<body>\r\n" +
			"<h1>\xcf\xb5\xcd\xb3\xd5\xfd\xd4\xda\xce\xac\xbb\xa4\xa3\xac\xc7\xeb\xc9\xd4\xba\xf3\xd4\xd9\xca\xd4</h1>\r\n</body>\r\n</html>\r\n",
	},
	PresetRedirect: {
		HTTPStatus: http.StatusTemporaryRedirect, Header: http.Header{"Location": {"http://elsewhere.invalid/login"}},
	},
	PresetSlowBody: {Code: codeSystemError, Msg: "系统异常，请稍后再试或联系管理员", pace: time.Second},
}

// halfAnEnvelope ends in the middle of a character.
const halfAnEnvelope = `{"request_id":"cc67513b-9b00-4283-a966-80153fd3ecfb","code":"000","msg":"成` + "\xe5\x8a"
