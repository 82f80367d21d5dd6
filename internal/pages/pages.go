// Package pages turns styles and scripts into the policy under which a browser takes these and nothing else. It holds
// the style that all pages share.
package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

// Style is what all pages look like.
//
//go:embed style.css
var Style string

// Policy is the content security policy of a page with one style and these scripts, all inline, each exactly as given.
// A page without a script speaks to nobody; one with scripts may ask the server that it came from.
func Policy(style string, scripts ...string) string {
	text := "default-src 'none'; style-src " + hashOf(style)
	if len(scripts) == 0 {
		return text
	}
	hashes := make([]string, len(scripts))
	for i, s := range scripts {
		hashes[i] = hashOf(s)
	}
	return text + "; script-src " + strings.Join(hashes, " ") + "; connect-src 'self'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
