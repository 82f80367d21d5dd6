package datasets

import (
	"encoding/binary"
	"errors"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/format"
)

var errIndex = errors.New("its index is outside the dictionary")

// fill writes rows at to at+n of the vector from the page's next values, present in number.
func (r *columnReader) fill(v *features.Vector, at, n int, levels []byte, present int) error {
	switch r.kind {
	case features.Number:
		return r.fillNumbers(v.Numbers[at:at+n], levels, present)
	case features.Time:
		return r.fillTimes(v.Times[at:at+n], levels, present)
	}
	return r.fillCodes(v, at, n, levels, present)
}

func (r *columnReader) fillNumbers(dst []float64, levels []byte, present int) error {
	packed := dst
	if levels != nil {
		packed = grow(&r.numbers, present)
	}
	if err := r.packNumbers(packed); err != nil {
		return err
	}
	if levels != nil {
		spreadNumbers(dst, packed[:present+1], levels)
	}
	return nil
}

func (r *columnReader) packNumbers(packed []float64) error {
	switch {
	case r.stored.form == formBool:
		bits, err := r.nextBits(len(packed))
		for i, b := range bits {
			packed[i] = float64(b)
		}
		return err
	case r.byEntry():
		at, e, err := r.nextEntries(grow(&r.codes, len(packed)))
		if err != nil {
			return err
		}
		for i, entry := range at {
			packed[i] = e.numbers[entry]
		}
		return nil
	}
	return r.nextNumbers(packed)
}

func (r *columnReader) fillTimes(dst []int64, levels []byte, present int) error {
	packed := dst
	if levels != nil {
		packed = grow(&r.times, present)
	}
	if err := r.packTimes(packed); err != nil {
		return err
	}
	if levels != nil {
		spreadTimes(dst, packed[:present+1], levels)
	}
	return nil
}

func (r *columnReader) packTimes(packed []int64) error {
	if !r.byEntry() {
		return r.nextTimes(packed)
	}
	at, e, err := r.nextEntries(grow(&r.codes, len(packed)))
	if err != nil {
		return err
	}
	for i, entry := range at {
		packed[i] = e.times[entry]
	}
	return nil
}

func (r *columnReader) fillCodes(v *features.Vector, at, n int, levels []byte, present int) error {
	dst := v.Codes[at : at+n]
	packed := dst
	if levels != nil {
		packed = grow(&r.codes, present)
	}
	if err := r.packCodes(packed, v.Codes[:at]); err != nil {
		return err
	}
	if levels != nil {
		spreadCodes(dst, packed[:present+1], levels)
	}
	return nil
}

// packCodes reads the next codes. before are those of the block that are written already.
func (r *columnReader) packCodes(packed, before []uint32) error {
	if r.stored.form == formBool {
		bits, err := r.nextBits(len(packed))
		for i, b := range bits {
			packed[i] = uint32(b)
		}
		return err
	}
	_, e, err := r.nextEntries(packed)
	if err != nil {
		return err
	}
	if len(e.levels) != len(e.codes) { // some entries are missing
		for i, entry := range packed {
			packed[i] = e.codes[entry]
		}
	}
	switch {
	case e == r.local && !r.mixed:
		r.mixed = true
		r.translate(before)
	case e == r.dictionary && r.mixed:
		r.translate(packed)
	}
	return nil
}

// translate turns codes of the row group's dictionary into codes of the block's own.
func (r *columnReader) translate(codes []uint32) {
	for i, code := range codes {
		if code != features.NoCode {
			codes[i] = r.local.codes[r.local.level(r.shared.Levels[code])]
		}
	}
}

// refersToDictionary reports whether the page's values are indexes.
func (r *columnReader) refersToDictionary() bool {
	return r.page.encoding == format.RLEDictionary || r.page.encoding == plainDictionary
}

// byEntry reports whether the page's values are read as entries rather than one by one.
func (r *columnReader) byEntry() bool { return r.refersToDictionary() || r.stored.form == formText }

// nextEntries reads the next values, as many as at holds, as positions in entries.
func (r *columnReader) nextEntries(at []uint32) ([]uint32, *entries, error) {
	e := r.dictionary
	var err error
	switch {
	case r.refersToDictionary():
		err = r.nextIndexes(at)
	case r.stored.form == formText:
		e, err = r.local, r.nextTexts(at)
	case r.stored.Type.Temporal():
		e, err = r.local, r.nextTimeLevels(at)
	default:
		e, err = r.local, r.nextNumberLevels(at)
	}
	if err == nil && len(e.problems) > 0 {
		for i, entry := range at {
			if problem := e.problems[entry]; problem != nil {
				return nil, nil, &valueError{i, problem}
			}
		}
	}
	return at, e, err
}

func (r *columnReader) nextIndexes(at []uint32) error {
	if err := r.indexes.read(at); err != nil {
		return err
	}
	size := r.dictionary.len()
	highest := uint32(0)
	for _, index := range at {
		highest = max(highest, index)
	}
	if len(at) > 0 && highest >= size {
		for i, index := range at {
			if index >= size {
				return &valueError{i, errIndex}
			}
		}
	}
	return nil
}

func (r *columnReader) nextTexts(at []uint32) error {
	raw, err := r.nextRaw(len(at))
	if err != nil {
		return err
	}
	if r.role == features.RoleID {
		first := r.local.identity(raw)
		for i := range at {
			at[i] = first + uint32(i)
		}
		return nil
	}
	for i, b := range raw {
		at[i] = r.local.text(b)
	}
	return nil
}

func (r *columnReader) nextNumberLevels(at []uint32) error {
	numbers := grow(&r.numbers, len(at))
	if err := r.nextNumbers(numbers); err != nil {
		return err
	}
	for i, x := range numbers {
		at[i] = r.local.number(x)
	}
	return nil
}

func (r *columnReader) nextTimeLevels(at []uint32) error {
	times := grow(&r.times, len(at))
	if err := r.nextTimes(times); err != nil {
		return err
	}
	for i, t := range times {
		at[i] = r.local.time(t)
	}
	return nil
}

// nextNumbers reads plain numbers.
func (r *columnReader) nextNumbers(dst []float64) error {
	s := r.stored
	if s.width == 0 { // decimals that tell their length
		raw, err := r.nextRaw(len(dst))
		if err != nil {
			return err
		}
		for i, b := range raw {
			dst[i] = bytesDecimal(b, s.Type.Scale)
		}
	} else {
		data, err := r.nextBytes(len(dst))
		if err == nil {
			err = plainNumbers(dst, data, s)
		}
		if err != nil {
			return err
		}
	}
	if bad, err := r.check.apply(dst); err != nil {
		return &valueError{bad, err}
	}
	return nil
}

// nextTimes reads plain times.
func (r *columnReader) nextTimes(dst []int64) error {
	data, err := r.nextBytes(len(dst))
	if err != nil {
		return err
	}
	if bad := plainTimes(dst, data, r.stored); bad >= 0 {
		return &valueError{bad, errTimeRange}
	}
	if r.schema.Fields()[r.field].Type != r.stored.Type {
		for i, t := range dst {
			dst[i] = r.cutTime(t)
		}
	}
	return nil
}

// nextBytes returns the bytes of the next n values of fixed width.
func (r *columnReader) nextBytes(n int) ([]byte, error) {
	size := n * r.stored.width
	if size > len(r.page.data)-r.cursor {
		return nil, errValuesEnd
	}
	data := r.page.data[r.cursor : r.cursor+size]
	r.cursor += size
	return data, nil
}

// nextRaw returns the next n byte arrays, which are valid as long as the page.
func (r *columnReader) nextRaw(n int) ([][]byte, error) {
	raw, data := grow(&r.raw, n), r.page.data[r.cursor:]
	for i := range raw {
		if len(data) < 4 {
			return nil, errValuesEnd
		}
		size := uint64(binary.LittleEndian.Uint32(data))
		if size > uint64(len(data)-4) {
			return nil, errValuesEnd
		}
		raw[i], data = data[4:4+size], data[4+size:]
	}
	r.cursor = len(r.page.data) - len(data)
	return raw, nil
}

// nextBits returns the next n booleans as 0 and 1.
func (r *columnReader) nextBits(n int) ([]byte, error) {
	bits := grow(&r.bits, n)
	if r.page.encoding == format.RLE {
		_, err := r.indexes.readLevels(bits)
		return bits, err
	}
	if uint64(r.cursor)+uint64(n) > uint64(len(r.page.data))*8 {
		return nil, errValuesEnd
	}
	unpackLevels(bits, r.page.data, uint64(r.cursor))
	r.cursor += n
	return bits, nil
}
