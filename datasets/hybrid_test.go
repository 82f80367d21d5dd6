package datasets

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

func pack(t testing.TB, codec format.CompressionCodec, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch codec {
	case format.Snappy:
		return snappy.Encode(nil, data)
	case format.Zstd:
		w, err := zstd.NewWriter(&out) // streamed, so that the size is not in the frame's header
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
		w.Close()
	case format.Gzip:
		w := gzip.NewWriter(&out)
		w.Write(data)
		w.Close()
	case format.Brotli:
		w := brotli.NewWriterLevel(&out, 1)
		w.Write(data)
		w.Close()
	}
	return out.Bytes()
}

// TestRuns compares with the library's encoder, reading in pieces of random length.
func TestRuns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		width := 1 + random.IntN(20)
		values := make([]int32, random.IntN(700))
		for i := range values {
			if values[i] = random.Int32N(1 << width); i > 0 && random.IntN(10) > 0 && width%2 == 0 {
				values[i] = values[i-1]
			}
		}
		data, err := parquet.RLEDictionary.EncodeInt32(nil, values)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newRuns(data[1:], uint(data[0]))
		if err != nil {
			t.Fatal(err)
		}
		got := []int32{}
		for len(got) < len(values) {
			part := make([]uint32, 1+random.IntN(len(values)-len(got)))
			if err := r.read(part); err != nil {
				t.Fatal(err)
			}
			for _, v := range part {
				got = append(got, int32(v))
			}
		}
		if !slices.Equal(got, values) {
			t.Fatalf("width %d: got %v, want %v", width, got, values)
		}
	}
}

func TestLevels(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		values, want := make([]byte, 1+random.IntN(300)), 0
		for i := range values {
			if values[i] = byte(random.IntN(2)); i > 0 && random.IntN(30) > 0 {
				values[i] = values[i-1]
			}
			want += int(values[i])
		}
		data, err := (&rle.Encoding{BitWidth: 1}).EncodeLevels(nil, values)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newRuns(data, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, ones := []byte{}, 0
		for len(got) < len(values) {
			part := make([]byte, 1+random.IntN(len(values)-len(got)))
			n, err := r.readLevels(part)
			if err != nil {
				t.Fatal(err)
			}
			got, ones = append(got, part...), ones+n
		}
		if !bytes.Equal(got, values) || ones != want {
			t.Fatalf("got %v with %d ones, want %v with %d", got, ones, values, want)
		}
	}
}

// TestLongRun reads the front of runs that claim more values than there is memory for.
func TestLongRun(t *testing.T) {
	repeated := append(binary.AppendUvarint(nil, 1<<62), 1)
	r, _ := newRuns(repeated, 1)
	values := make([]uint32, 1000)
	if err := r.read(values); err != nil || slices.Min(values) != 1 {
		t.Errorf("got %v", err)
	}
	packed := append(binary.AppendUvarint(nil, 1<<62|1), 1)
	r, _ = newRuns(packed, 1)
	if err := r.read(values); err == nil {
		t.Error("a packed run of 2⁶² values is read")
	}
	for _, data := range [][]byte{{}, {0}, {1}, {2}, {0xFF}, {2, 2}, {3}} {
		r, _ := newRuns(data, 1)
		if err := r.read(values[:1]); err == nil {
			t.Errorf("% x is read as %d", data, values[0])
		}
	}
	if _, err := newRuns(nil, 33); err == nil {
		t.Error("33 bits are accepted")
	}
}

// TestDelta compares with the library's encoders.
func TestDelta(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		n := random.IntN(400)
		longs, ints := make([]int64, n), make([]int32, n)
		var texts []byte
		offsets := []uint32{0}
		for i := range n {
			longs[i] = int64(random.Uint64() >> random.IntN(64))
			ints[i] = int32(random.Uint32() >> random.IntN(32))
			texts = append(texts, bytes.Repeat([]byte{byte('a' + random.IntN(2))}, random.IntN(5))...)
			offsets = append(offsets, uint32(len(texts)))
		}
		var plainLongs, plainInts, plainTexts []byte
		for i := range n {
			plainLongs = binary.LittleEndian.AppendUint64(plainLongs, uint64(longs[i]))
			plainInts = binary.LittleEndian.AppendUint32(plainInts, uint32(ints[i]))
			plainTexts = binary.LittleEndian.AppendUint32(plainTexts, offsets[i+1]-offsets[i])
			plainTexts = append(plainTexts, texts[offsets[i]:offsets[i+1]]...)
		}
		compare := func(name string, want []byte, decode func() ([]byte, error)) {
			if got, err := decode(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: %d values: %v", name, n, err)
			}
		}
		data, _ := parquet.DeltaBinaryPacked.EncodeInt64(nil, longs)
		compare("longs", plainLongs, func() ([]byte, error) { return undeltaIntegers(nil, data, n, 8) })
		data, _ = parquet.DeltaBinaryPacked.EncodeInt32(nil, ints)
		compare("ints", plainInts, func() ([]byte, error) { return undeltaIntegers(nil, data, n, 4) })
		data, _ = parquet.DeltaLengthByteArray.EncodeByteArray(nil, texts, offsets)
		compare("lengths", plainTexts, func() ([]byte, error) { return undeltaLengths(nil, data, n) })
		data, _ = parquet.DeltaByteArray.EncodeByteArray(nil, texts, offsets)
		compare("texts", plainTexts, func() ([]byte, error) { return undeltaTexts(nil, data, n, 0) })
		for cut := range data {
			_, _ = undeltaTexts(nil, data[:cut], n, 0)
		}
	}
}
