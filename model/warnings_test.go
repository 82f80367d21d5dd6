package model

import (
	"slices"
	"testing"
)

func TestCondensed(t *testing.T) {
	got := Condensed([]Warning{
		{"one_sided", "a", "x never: why"}, {"rare", "", "no colon"}, {"one_sided", "b", "z never: why"}, {"one_sided", "a", "y never: why"},
		{"one_sided", "a", "y always: why not"}, {"rare", "", "no colon"},
	})
	want := []Warning{
		{"one_sided", "a", "x never; y never: why"}, {"rare", "", "no colon"}, {"one_sided", "b", "z never: why"},
		{"one_sided", "a", "y always: why not"}, {"rare", "", "no colon"},
	}
	if !slices.Equal(got, want) || Condensed(nil) != nil {
		t.Errorf("%q, want %q", got, want)
	}
}
