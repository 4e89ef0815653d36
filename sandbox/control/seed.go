package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ebaas/openplatform-go/sandbox"
)

// Seed is the initial state of a space, in addition to the demo client and the default special numbers. Its JSON has the
// names of the control API.
type Seed struct {
	Accounts       []sandbox.Account       `json:"accounts"`
	Clients        []sandbox.Client        `json:"clients"`
	SpecialNumbers []sandbox.SpecialNumber `json:"special_numbers"`
	Faults         []sandbox.Fault         `json:"faults"`
}

// ParseSeed reads a Seed from JSON. An unknown field is an error. Errors give the line.
func ParseSeed(data []byte) (Seed, error) {
	var s Seed
	err := decodeStrictly(data, &s)
	if err == nil {
		return s, nil
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return Seed{}, fmt.Errorf("line %d: %w", lineOf(data, syntax.Offset), err)
	}
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) {
		return Seed{}, fmt.Errorf("line %d: %s must not be a JSON %s", lineOf(data, kind.Offset), kind.Field, kind.Value)
	}
	return Seed{}, err
}

func lineOf(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
}

// plant adds the seed to an empty sandbox.
func (s Seed) plant(into *sandbox.Sandbox) error {
	for i, a := range s.Accounts {
		if err := checkAccount(a); err != nil {
			return fmt.Errorf("accounts[%d]: %w", i, err)
		}
		if into.AddAccount(a) == "" {
			return fmt.Errorf("accounts[%d]: an account before it in the list has one of its names", i)
		}
	}
	for i, c := range s.Clients {
		if err := checkClient(c); err != nil {
			return fmt.Errorf("clients[%d]: %w", i, err)
		}
		into.AddClient(c.ID, c.Secret)
	}
	for i, n := range s.SpecialNumbers {
		if err := into.SetSpecialNumber(n); err != nil {
			return fmt.Errorf("special_numbers[%d]: %w", i, err)
		}
	}
	for i, f := range s.Faults {
		if err := checkFault(f); err != nil {
			return fmt.Errorf("faults[%d]: %w", i, err)
		}
		if _, err := into.TryOrder(f); err != nil {
			return fmt.Errorf("faults[%d]: %w", i, err)
		}
	}
	return nil
}
