package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMasked(t *testing.T) {
	for mobile, want := range map[string]string{
		"13900001111":         "139****1111",
		"1":                   "***",
		"+86 139 0000 1111":   "+86****1111",
		"\x1b[2J139000011112": `\x1b[2****1112`,
		"手机手机手机手机手机手机":        "手机手****手机手机",
	} {
		assert.Equal(t, want, masked(mobile))
	}
	for email, want := range map[string]string{
		"zhangsan@example.com": "z***@example.com",
		"张三@example.com":       "张***@example.com",
		"@example.com":         "***",
		"nobody":               "***",
		"a@\x1b[2J":            `a***@\x1b[2J`,
	} {
		assert.Equal(t, want, maskedEmail(email))
	}
}
