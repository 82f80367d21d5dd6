package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errDelta = errors.New("its delta encoding is damaged")

// maxDeltaValues bounds the values of a delta-encoded page, which is unfolded whole.
const maxDeltaValues = 1 << 22

// deltaValues decodes DELTA_BINARY_PACKED integers, at most limit of them, and returns what follows.
func deltaValues(data []byte, limit int, dst []int64) (values []int64, rest []byte, err error) {
	var head [3]uint64 // values of a block, miniblocks of a block, values in all
	for i := range head {
		if head[i], data, err = uvarint(data); err != nil {
			return nil, nil, err
		}
	}
	first, data, err := varint(data)
	if err != nil {
		return nil, nil, err
	}
	block, minis, total := head[0], head[1], head[2]
	if total > maxDeltaValues {
		return nil, nil, fmt.Errorf("a delta-encoded page has %d values: at most %d are supported", total, maxDeltaValues)
	}
	if total > uint64(limit) || block > 1<<20 || minis == 0 || minis > block || block%minis != 0 || block/minis%8 != 0 {
		return nil, nil, errDelta
	}
	values = dst[:0]
	if total == 0 {
		return values, data, nil
	}
	values = append(values, first)
	d := deltaBlock{last: first, size: int(block / minis), minis: int(minis)}
	for uint64(len(values)) < total {
		if values, data, err = d.read(values, int(total), data); err != nil {
			return nil, nil, err
		}
	}
	return values, data, nil
}

func uvarint(data []byte) (uint64, []byte, error) {
	x, n := binary.Uvarint(data)
	if n <= 0 {
		return 0, nil, errDelta
	}
	return x, data[n:], nil
}

func varint(data []byte) (int64, []byte, error) {
	x, n := binary.Varint(data)
	if n <= 0 {
		return 0, nil, errDelta
	}
	return x, data[n:], nil
}

// deltaBlock reads blocks: a smallest delta, the bit widths of the miniblocks, the miniblocks.
type deltaBlock struct {
	last  int64
	size  int // values of a miniblock
	minis int
}

// read appends the values of one block, until there are total.
func (d *deltaBlock) read(values []int64, total int, data []byte) ([]int64, []byte, error) {
	least, data, err := varint(data)
	if err != nil || len(data) < d.minis {
		return nil, nil, errDelta
	}
	widths, data := data[:d.minis], data[d.minis:]
	for _, width := range widths {
		if len(values) == total {
			break // widths of miniblocks that are not there mean nothing
		}
		size := d.size / 8 * int(width)
		if width > 64 || size > len(data) {
			return nil, nil, errDelta
		}
		for i := range min(d.size, total-len(values)) {
			d.last += least + int64(wideBits(data[:size], uint64(i)*uint64(width), uint(width)))
			values = append(values, d.last)
		}
		data = data[size:]
	}
	return values, data, nil
}

// wideBits returns the value of up to 64 bits that begins at bit at of src.
func wideBits(src []byte, at uint64, width uint) uint64 {
	if width == 0 {
		return 0
	}
	i, shift := at>>3, uint(at&7)
	word := tailBits(src[i:]) >> shift
	if shift+width > 64 {
		word |= uint64(src[i+8]) << (64 - shift)
	}
	if width == 64 {
		return word
	}
	return word & (1<<width - 1)
}

// undeltaIntegers rewrites DELTA_BINARY_PACKED integers of width bytes as plain ones.
func undeltaIntegers(out, data []byte, limit, width int) ([]byte, error) {
	values, _, err := deltaValues(data, limit, nil)
	if err != nil {
		return nil, err
	}
	out = out[:0]
	for _, v := range values {
		if width == 4 {
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		} else {
			out = binary.LittleEndian.AppendUint64(out, uint64(v))
		}
	}
	return out, nil
}

// undeltaLengths rewrites DELTA_LENGTH_BYTE_ARRAY values as plain ones.
func undeltaLengths(out, data []byte, limit int) ([]byte, error) {
	lengths, data, err := deltaValues(data, limit, nil)
	if err != nil {
		return nil, err
	}
	out = out[:0]
	for _, n := range lengths {
		if n < 0 || n > int64(len(data)) {
			return nil, errDelta
		}
		out = binary.LittleEndian.AppendUint32(out, uint32(n))
		out = append(out, data[:n]...)
		data = data[n:]
	}
	return out, nil
}

// undeltaTexts rewrites DELTA_BYTE_ARRAY values, which leave out what they share with the value before, as plain
// ones. Values of fixed width are written without their length.
func undeltaTexts(out, data []byte, limit, width int) ([]byte, error) {
	shared, data, err := deltaValues(data, limit, nil)
	if err != nil {
		return nil, err
	}
	lengths, data, err := deltaValues(data, limit, nil)
	if err != nil || len(lengths) != len(shared) {
		return nil, errDelta
	}
	out = out[:0]
	var before []byte
	for i, n := range lengths {
		keep := shared[i]
		if n < 0 || n > int64(len(data)) || keep < 0 || keep > int64(len(before)) || int64(len(out))+keep+n > maxPageBytes {
			return nil, errDelta
		}
		if width == 0 {
			out = binary.LittleEndian.AppendUint32(out, uint32(keep+n))
		} else if int(keep+n) != width {
			return nil, errDelta
		}
		start := len(out)
		out = append(out, before[:keep]...)
		out = append(out, data[:n]...)
		before, data = out[start:], data[n:]
	}
	return out, nil
}

// unsplit rewrites BYTE_STREAM_SPLIT values of width bytes as plain ones.
func unsplit(out, data []byte, width int) ([]byte, error) {
	if len(data)%width != 0 {
		return nil, errors.New("its byte streams are of unequal length")
	}
	n := len(data) / width
	out = append(out[:0], data...)
	for b := range width {
		for i, x := range data[b*n : (b+1)*n] {
			out[i*width+b] = x
		}
	}
	return out, nil
}
