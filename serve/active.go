package serve

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// scorer is what requests ask of a model.
type scorer interface {
	Score(lead *features.Lead) model.Score
	ScoreAt(lead *features.Lead, asOf int64) model.Score
	Verify() error // re-scores the model's verification leads
}

// active is a model that answers, with what is derived from it once. It does not change.
type active struct {
	scorer
	identity model.Identity
	schema   *features.Schema
	inputs   []byte // JSON Schema of a lead
	card     []byte // what GET /v1/model answers
	tiers    []byte // what GET /v1/tiers answers
	home     home
}

func decodeModel(r io.Reader) (*active, error) {
	m, err := model.Decode(r)
	if err != nil {
		return nil, err
	}
	inputs, err := inputSchema(m.Identity(), m.Encoder())
	if err != nil {
		return nil, err
	}
	card, err := modelCard(m)
	if err != nil {
		return nil, err
	}
	tiers, err := tiersOf(m)
	if err != nil {
		return nil, err
	}
	return &active{scorer: m, identity: m.Identity(), schema: m.Schema(), inputs: inputs, card: card, tiers: tiers, home: homeOf(m)}, nil
}

// openRegular opens a file once it is known to be a regular one of at most limit bytes: a directory, a pipe
// or a device is refused before a byte of it is read. The file that a symbolic link leads to counts.
func openRegular(path string, limit int64) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = checkRegular(info, limit)
	}
	if err != nil {
		return nil, nil, err
	}
	// Meanwhile the file may have become a pipe, on which a blocking open would hang.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = checkRegular(info, limit)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func checkRegular(info os.FileInfo, limit int64) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("not a regular file but %v", info.Mode().Type())
	case info.Size() > limit:
		return fmt.Errorf("%d bytes, more than %d", info.Size(), limit)
	}
	return nil
}
