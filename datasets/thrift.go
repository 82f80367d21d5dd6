package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

var errCutShort = errors.New("it ends too early")

// maxThriftDepth is far above what the structures of a Parquet file nest.
const maxThriftDepth = 24

// decodeThrift decodes the compact Thrift structure at the start of data into v and returns its length.
//
// The library's decoder makes room for as many elements as a list claims and recurses as deep as the bytes say;
// so the structure is walked first, and refused where a claim exceeds the bytes that are there.
func decodeThrift(data []byte, v any) (int, error) {
	walk := thriftWalk{data: data}
	if err := walk.structure(0); err != nil {
		return 0, err
	}
	length := len(data) - len(walk.data)
	return length, thrift.Unmarshal(new(thrift.CompactProtocol), data[:length], v)
}

// thriftWalk goes over a compact Thrift structure. data is what is left of it.
type thriftWalk struct{ data []byte }

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.data)) {
		return errCutShort
	}
	w.data = w.data[n:]
	return nil
}

func (w *thriftWalk) varint() (uint64, error) {
	x, n := binary.Uvarint(w.data)
	if n <= 0 {
		return 0, errCutShort
	}
	w.data = w.data[n:]
	return x, nil
}

func (w *thriftWalk) byte() (byte, error) {
	if len(w.data) == 0 {
		return 0, errCutShort
	}
	b := w.data[0]
	w.data = w.data[1:]
	return b, nil
}

func (w *thriftWalk) structure(depth int) error {
	if depth > maxThriftDepth {
		return fmt.Errorf("its structures nest deeper than %d", maxThriftDepth)
	}
	for {
		header, err := w.byte()
		if err != nil || header == byte(thrift.STOP) {
			return err
		}
		if header>>4 == 0 { // the field's number follows
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		kind := thrift.Type(header & 0xF)
		if kind == thrift.TRUE || kind == thrift.FALSE { // a field's boolean is in its header
			continue
		}
		if err := w.value(kind, depth); err != nil {
			return err
		}
	}
}

func (w *thriftWalk) value(kind thrift.Type, depth int) error {
	switch kind {
	case thrift.TRUE, thrift.FALSE, thrift.I8:
		return w.skip(1)
	case thrift.I16, thrift.I32, thrift.I64:
		_, err := w.varint()
		return err
	case thrift.DOUBLE:
		return w.skip(8)
	case thrift.BINARY:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thrift.LIST, thrift.SET:
		return w.list(depth)
	case thrift.STRUCT:
		return w.structure(depth + 1)
	}
	return fmt.Errorf("it holds a value of the unknown kind %d", kind)
}

func (w *thriftWalk) list(depth int) error {
	header, err := w.byte()
	if err != nil {
		return err
	}
	size := uint64(header >> 4)
	if size == 0xF {
		if size, err = w.varint(); err != nil {
			return err
		}
	}
	if size > uint64(len(w.data)) { // every element takes a byte at least
		return fmt.Errorf("a list claims %d elements, but %d bytes are left", size, len(w.data))
	}
	kind := thrift.Type(header & 0xF)
	for range size {
		before := len(w.data)
		if err := w.value(kind, depth+1); err != nil {
			return err
		}
		if kind == thrift.STRUCT && before-len(w.data) < 2 {
			return errors.New("a list holds an empty structure")
		}
	}
	return nil
}
