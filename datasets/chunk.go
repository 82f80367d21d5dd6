package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// maxPageBytes bounds what one page may unfold to. Writers make pages of about a megabyte.
const maxPageBytes = 256 << 20

// plainDictionary is what old writers call format.RLEDictionary of data pages and format.Plain of dictionaries.
const plainDictionary format.Encoding = 2

// page is one page of a column chunk, unpacked. Its memory is valid until the next page is read.
type page struct {
	dictionary bool
	values     int // those that are missing included
	levels     runs
	hasLevels  bool // whether values may be missing
	encoding   format.Encoding
	data       []byte
}

// chunkReader reads the pages of one column chunk after the other, keeping its memory.
//
// Note: the library's page reader is not used, because it makes room for whatever a page header claims, unfolds
// whole pages before it looks at their values, and panics on damaged ones.
type chunkReader struct {
	source   io.ReaderAt
	place    chunkPlace
	optional bool
	at       int64 // offset of the next byte that is not in window
	end      int64
	window   []byte // bytes that have been read, but not used
	buffer   []byte
	out      []byte
	unpacker *unpacker // of the goroutine at work
}

// open begins another chunk.
func (r *chunkReader) open(source io.ReaderAt, place chunkPlace, optional bool) error {
	if place.problem != "" {
		return errors.New(place.problem)
	}
	if problem := codecProblem(place.codec); problem != "" {
		return errors.New(problem)
	}
	r.source, r.place, r.optional = source, place, optional
	r.at, r.end, r.window = place.offset, place.offset+place.length, nil
	return nil
}

const (
	windowBytes    = 128 << 10
	headerBytes    = 1 << 10 // what page headers are well below unless their statistics hold long texts
	maxHeaderBytes = 16 << 20
)

// peek makes sure that the window holds n bytes, or all that are left of the chunk.
func (r *chunkReader) peek(n int) error {
	if len(r.window) >= n || r.at == r.end {
		return nil
	}
	size := min(max(int64(n), windowBytes), int64(len(r.window))+r.end-r.at)
	buffer := r.buffer
	if int64(cap(buffer)) < size {
		buffer = make([]byte, size+size/4)
	}
	buffer = buffer[:size]
	kept := copy(buffer, r.window) // moves to the front, or into the new buffer
	read, err := r.source.ReadAt(buffer[kept:], r.at)
	if read < len(buffer)-kept {
		return fmt.Errorf("cannot be read: %w", rootCause(err))
	}
	r.at += int64(read)
	r.buffer, r.window = buffer, buffer
	return nil
}

// header decodes the header of the next page and steps over it.
func (r *chunkReader) header() (*format.PageHeader, error) {
	for size := headerBytes; ; size *= 8 {
		if err := r.peek(size); err != nil {
			return nil, err
		}
		header := new(format.PageHeader)
		n, err := decodeThrift(r.window[:min(size, len(r.window))], header)
		if err == nil {
			r.window = r.window[n:]
			return header, nil
		}
		if len(r.window) < size || size > maxHeaderBytes || !errors.Is(err, errCutShort) {
			return nil, fmt.Errorf("a page header is damaged: %w", err)
		}
	}
}

// next returns the next page that is data or a dictionary.
func (r *chunkReader) next() (page, error) {
	for {
		if r.at == r.end && len(r.window) == 0 {
			return page{}, errPagesEnd
		}
		header, err := r.header()
		if err != nil {
			return page{}, err
		}
		packed, err := r.body(header)
		if err != nil {
			return page{}, err
		}
		switch {
		case header.Type == format.DataPage && header.DataPageHeader.Valid:
			return r.dataPage(header, packed)
		case header.Type == format.DataPageV2 && header.DataPageHeaderV2.Valid:
			return r.dataPage2(header, packed)
		case header.Type == format.DictionaryPage && header.DictionaryPageHeader.Valid:
			return r.dictionaryPage(header, packed)
		case header.Type != format.IndexPage:
			return page{}, fmt.Errorf("a page is damaged: its header is that of no page of type %d", header.Type)
		}
	}
}

var errPagesEnd = errors.New("its pages end before its rows do")

// body returns the bytes of the page whose header was read and steps over them.
func (r *chunkReader) body(h *format.PageHeader) ([]byte, error) {
	size, left := int64(h.CompressedPageSize), int64(len(r.window))+r.end-r.at
	if size < 0 || size > left {
		return nil, fmt.Errorf("a page is damaged: it claims %d bytes, but %d are left", size, left)
	}
	if n := h.UncompressedPageSize; n < 0 || n > maxPageBytes {
		return nil, fmt.Errorf("a page claims to unfold to %d bytes: at most %d are supported", n, maxPageBytes)
	}
	if err := r.peek(int(size)); err != nil {
		return nil, err
	}
	body := r.window[:size]
	r.window = r.window[size:]
	if h.CRC != 0 && crc32.ChecksumIEEE(body) != uint32(h.CRC) {
		return nil, errors.New("a page is damaged: its checksum does not match")
	}
	return body, nil
}

// unpack undoes the compression of a page or of part of one.
func (r *chunkReader) unpack(packed []byte, size int) ([]byte, error) {
	if r.place.codec == format.Uncompressed {
		if len(packed) != size {
			return nil, fmt.Errorf("a page is damaged: it has %d bytes, its header claims %d", len(packed), size)
		}
		return packed, nil
	}
	if cap(r.out) < size {
		r.out = make([]byte, size)
	}
	r.out = r.out[:size]
	if err := r.unpacker.unpack(r.place.codec, r.out, packed); err != nil {
		return nil, fmt.Errorf("a page is damaged: %w", err)
	}
	return r.out, nil
}

func (r *chunkReader) dictionaryPage(h *format.PageHeader, packed []byte) (page, error) {
	d := &h.DictionaryPageHeader.V
	if d.Encoding != format.Plain && d.Encoding != plainDictionary {
		return page{}, fmt.Errorf("a dictionary is of encoding %v, which is not supported", d.Encoding)
	}
	data, err := r.unpack(packed, int(h.UncompressedPageSize))
	return page{dictionary: true, values: int(d.NumValues), encoding: format.Plain, data: data}, err
}

func (r *chunkReader) dataPage(h *format.PageHeader, packed []byte) (page, error) {
	d := &h.DataPageHeader.V
	p := page{values: int(d.NumValues), encoding: d.Encoding}
	var err error
	if p.data, err = r.unpack(packed, int(h.UncompressedPageSize)); err != nil || !r.optional {
		return p, err
	}
	if d.DefinitionLevelEncoding != format.RLE {
		return p, fmt.Errorf("levels of encoding %v are not supported", d.DefinitionLevelEncoding)
	}
	if len(p.data) < 4 {
		return p, errLevels
	}
	size := uint64(binary.LittleEndian.Uint32(p.data))
	if size > uint64(len(p.data)-4) {
		return p, errLevels
	}
	p.hasLevels = true
	p.levels, err = newRuns(p.data[4:4+size], 1)
	p.data = p.data[4+size:]
	return p, err
}

var errLevels = errors.New("a page is damaged: its levels are longer than the page")

func (r *chunkReader) dataPage2(h *format.PageHeader, packed []byte) (page, error) {
	d := &h.DataPageHeaderV2.V
	p := page{values: int(d.NumValues), encoding: d.Encoding}
	repetition, definition := int64(d.RepetitionLevelsByteLength), int64(d.DefinitionLevelsByteLength)
	levels := repetition + definition
	if repetition < 0 || definition < 0 || levels > int64(len(packed)) || levels > int64(h.UncompressedPageSize) {
		return p, errLevels
	}
	var err error
	if r.optional {
		p.hasLevels = true
		p.levels, err = newRuns(packed[repetition:levels], 1)
	}
	p.data = packed[levels:]
	if compressed := d.IsCompressed == (thrift.Null[bool]{}) || d.IsCompressed.V; err == nil && compressed && len(p.data) > 0 {
		p.data, err = r.unpack(p.data, int(int64(h.UncompressedPageSize)-levels))
	}
	return p, err
}
