package datasets

import (
	"encoding/binary"
	"errors"
)

// runs reads Parquet's hybrid of run-length encoding and bit packing, in which definition levels, dictionary
// indexes and some booleans are written. A run may claim to be of any length: only what is asked for is unfolded.
type runs struct {
	data   []byte // what has not been read
	width  uint   // bits of a value
	left   uint64 // values left of the run
	value  uint32 // of a repeated run
	packed bool   // whether the run is bit-packed
	bits   []byte // bytes of a packed run
	at     uint64 // bits of a packed run that have been read
}

var (
	errRunsEnd  = errors.New("its runs end too early")
	errBitWidth = errors.New("its values claim more than 32 bits")
)

func newRuns(data []byte, width uint) (runs, error) {
	if width > 32 {
		return runs{}, errBitWidth
	}
	return runs{data: data, width: width}, nil
}

// next opens the next run.
func (r *runs) next() error {
	header, n := binary.Uvarint(r.data)
	if n <= 0 {
		return errRunsEnd
	}
	r.data = r.data[n:]
	r.packed, r.left = header&1 == 1, header>>1
	if !r.packed {
		return r.nextRepeated()
	}
	if r.left > 1<<32 {
		return errRunsEnd
	}
	size := r.left * uint64(r.width) // bytes of the groups, of eight values each
	r.left *= 8
	if size > uint64(len(r.data)) { // the last group may be cut off after its last value
		size = uint64(len(r.data))
		r.left = min(r.left, size*8/uint64(r.width))
	}
	r.bits, r.data, r.at = r.data[:size], r.data[size:], 0
	return nil
}

func (r *runs) nextRepeated() error {
	size := int(r.width+7) / 8
	if size > len(r.data) {
		return errRunsEnd
	}
	r.value = 0
	for i, b := range r.data[:size] {
		r.value |= uint32(b) << (8 * i)
	}
	r.data = r.data[size:]
	if uint64(r.value)>>r.width != 0 {
		return errBitWidth
	}
	return nil
}

// read fills dst with the next values.
func (r *runs) read(dst []uint32) error {
	for len(dst) > 0 {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return err
			}
			continue
		}
		n := int(min(uint64(len(dst)), r.left))
		if r.packed {
			r.at = unpackBits(dst[:n], r.bits, r.at, r.width)
		} else {
			fill(dst[:n], r.value)
		}
		dst, r.left = dst[n:], r.left-uint64(n)
	}
	return nil
}

// readLevels is read for values of one bit, which it writes as bytes. It returns how many are 1.
func (r *runs) readLevels(dst []byte) (ones int, err error) {
	for len(dst) > 0 {
		if r.left == 0 {
			if err := r.next(); err != nil {
				return 0, err
			}
			continue
		}
		n := int(min(uint64(len(dst)), r.left))
		if r.packed {
			ones += unpackLevels(dst[:n], r.bits, r.at)
			r.at += uint64(n)
		} else {
			fill(dst[:n], byte(r.value))
			ones += n * int(r.value)
		}
		dst, r.left = dst[n:], r.left-uint64(n)
	}
	return ones, nil
}

func fill[T any](dst []T, value T) {
	for i := range dst {
		dst[i] = value
	}
}

// unpackBits fills dst with values of width bits that begin at bit at of src, and returns where they end.
func unpackBits(dst []uint32, src []byte, at uint64, width uint) uint64 {
	if width == 0 {
		clear(dst)
		return at
	}
	mask := uint64(1)<<width - 1
	whole := 0 // values that a load of eight bytes can get without leaving src
	if room := uint64(len(src))*8 - at; room >= 64+uint64(width) {
		whole = min(len(dst), int((room-64)/uint64(width)))
	}
	if width <= 8 {
		whole &^= 7
		for i := 0; i < whole; i += 8 { // eight values of at most eight bits, and seven bits to skip unless it is eight
			at = unpackEight(dst[i:i+8:i+8], src, at, width, mask)
		}
	} else {
		for i := range dst[:whole] {
			dst[i] = uint32(binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7) & mask)
			at += uint64(width)
		}
	}
	for i := whole; i < len(dst); i++ {
		dst[i] = uint32(tailBits(src[at>>3:]) >> (at & 7) & mask)
		at += uint64(width)
	}
	return at
}

// unpackEight reads eight values of at most 8 bits each; those of 8 bits begin at a byte.
func unpackEight(dst []uint32, src []byte, at uint64, width uint, mask uint64) uint64 {
	_ = dst[7]
	word := binary.LittleEndian.Uint64(src[at>>3:]) >> (at & 7)
	dst[0] = uint32(word & mask)
	dst[1] = uint32(word >> width & mask)
	dst[2] = uint32(word >> (2 * width) & mask)
	dst[3] = uint32(word >> (3 * width) & mask)
	dst[4] = uint32(word >> (4 * width) & mask)
	dst[5] = uint32(word >> (5 * width) & mask)
	dst[6] = uint32(word >> (6 * width) & mask)
	dst[7] = uint32(word >> (7 * width) & mask)
	return at + 8*uint64(width)
}

// tailBits loads up to eight bytes.
func tailBits(src []byte) (word uint64) {
	for i, b := range src[:min(8, len(src))] {
		word |= uint64(b) << (8 * i)
	}
	return word
}

// unpackLevels writes the bits that begin at bit at of src as bytes, and returns how many are 1.
func unpackLevels(dst, src []byte, at uint64) (ones int) {
	i := 0
	for ; i < len(dst) && at&7 != 0; i++ {
		dst[i] = src[at>>3] >> (at & 7) & 1
		ones += int(dst[i])
		at++
	}
	for ; len(dst)-i >= 8; i += 8 {
		spread := spreadBits[src[at>>3]]
		binary.LittleEndian.PutUint64(dst[i:], spread)
		ones += int(spread * 0x0101010101010101 >> 56) // the sum of its bytes
		at += 8
	}
	for ; i < len(dst); i++ {
		dst[i] = src[at>>3] >> (at & 7) & 1
		ones += int(dst[i])
		at++
	}
	return ones
}

// spreadBits holds for each byte its eight bits as bytes.
var spreadBits = func() (table [256]uint64) {
	for b := range table {
		for i := range 8 {
			table[b] |= uint64(b>>i&1) << (8 * i)
		}
	}
	return table
}()
