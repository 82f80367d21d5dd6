package pages

import (
	"strings"
	"testing"
)

const bodyHash = "fJgEClQWV1hGkK4qHMO0KotTsVnMYMXTq7/suurGyUo="

// The hash is that of `printf 'body{}' | openssl dgst -sha256 -binary | base64`.
func TestPolicy(t *testing.T) {
	style := "default-src 'none'; style-src 'sha256-HASH'"
	if got := Policy("body{}"); got != strings.Replace(style, "HASH", bodyHash, 1) {
		t.Error(got)
	}
	if got := Policy("body{}", "body{}"); got != strings.Replace(style, "HASH", bodyHash, 1)+"; script-src 'sha256-"+bodyHash+"'; connect-src 'self'" {
		t.Error(got)
	}
	if strings.Contains(Style, "url(") || strings.Contains(Style, "@import") || strings.Contains(Style, "</") {
		t.Error("the style fetches something, or ends its element")
	}
}
