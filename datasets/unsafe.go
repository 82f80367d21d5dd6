package datasets

import "unsafe"

// bytesOf returns the bytes of a text without a copy. They must not be changed.
func bytesOf(text string) []byte { return unsafe.Slice(unsafe.StringData(text), len(text)) }
