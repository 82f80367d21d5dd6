package datasets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// unpacker undoes the compression of pages. No codec may yield more bytes than the page header says, which is
// what the memory is made for; the library's codecs grow their output as long as there is input.
type unpacker struct {
	zstd   *zstd.Decoder
	gzip   *gzip.Reader
	brotli *brotli.Reader
}

var errNotPacked = errors.New("its compressed bytes are damaged")

// codecProblem says why pages of a codec are not read, or "".
func codecProblem(codec format.CompressionCodec) string {
	switch codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd:
		return ""
	case format.Lz4, format.Lz4Raw, format.LZO:
		return fmt.Sprintf("compression %v is not supported: write the file with zstd or snappy", codec)
	}
	return fmt.Sprintf("compression %d is unknown", codec)
}

// unpack fills dst, whose length is what the page header claims, from src.
func (u *unpacker) unpack(codec format.CompressionCodec, dst, src []byte) error {
	switch codec {
	case format.Snappy:
		if n, prefix := binary.Uvarint(src); prefix <= 0 || n != uint64(len(dst)) {
			return errNotPacked
		}
		_, err := snappy.Decode(dst, src)
		return err
	case format.Zstd:
		return u.unpackZstd(dst, src)
	case format.Gzip:
		return u.unpackGzip(dst, src)
	case format.Brotli:
		if u.brotli == nil {
			u.brotli = brotli.NewReader(nil)
		}
		if err := u.brotli.Reset(bytes.NewReader(src)); err != nil {
			return err
		}
		return readExactly(u.brotli, dst)
	}
	return errors.New(codecProblem(codec))
}

func (u *unpacker) unpackZstd(dst, src []byte) (err error) {
	if u.zstd == nil {
		u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(math.MaxInt32))
		if err != nil {
			return err
		}
	}
	out, err := u.zstd.DecodeAll(src, dst[:0:len(dst)])
	if err == nil && len(out) != len(dst) {
		err = errNotPacked
	}
	return err
}

func (u *unpacker) unpackGzip(dst, src []byte) (err error) {
	if u.gzip == nil {
		u.gzip, err = gzip.NewReader(bytes.NewReader(src))
	} else {
		err = u.gzip.Reset(bytes.NewReader(src))
	}
	if err != nil {
		return err
	}
	return readExactly(u.gzip, dst)
}

// readExactly fills dst and makes sure that nothing follows.
func readExactly(r io.Reader, dst []byte) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		return err
	}
	var more [1]byte
	if n, err := r.Read(more[:]); n != 0 || err != io.EOF {
		return errNotPacked
	}
	return nil
}

// close frees what the decoders hold.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}
