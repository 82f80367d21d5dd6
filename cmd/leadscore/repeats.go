package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// A lead that stands in several rows counts several times in every sum over leads: that is said, not mended, for which
// of the rows is right only their owner knows.

// leadIDs keeps a hash of the id of each row, 8 bytes a row, to find those that stand in several. Different ids with
// one hash would count as one: of ten million, in one run of 370,000.
type leadIDs struct {
	seed   maphash.Seed
	hashes []uint64 // 0 = the row has no id
}

func newLeadIDs(rows int) *leadIDs {
	return &leadIDs{maphash.MakeSeed(), make([]uint64, 0, max(rows, 0))}
}

// add notes the id of the next row, "" if it has none.
func (x *leadIDs) add(id string) {
	h := uint64(0)
	if id != "" {
		h = maphash.String(x.seed, id) | 1
	}
	x.hashes = append(x.hashes, h)
}

// addBatch notes the ids of a batch, if it has any.
func (x *leadIDs) addBatch(b *features.Batch) {
	if i := b.Schema.ByRole(features.RoleID); i >= 0 {
		for _, code := range b.Vectors[i].Codes {
			x.add(idOf(&b.Vectors[i], code))
		}
	}
}

// repeatedIDs are the ids that stand in several rows. Rows are counted from 0.
type repeatedIDs struct {
	ids, surplus int // ids, and their rows beyond the first of each
	first, again int // the first two rows of the id that is repeated first
}

// hashed is a row with the hash of its id.
type hashed struct {
	hash uint64
	row  int
}

// repeated finds the ids that stand in several rows.
func (x *leadIDs) repeated() (r repeatedIDs) {
	rows := x.suspects()
	slices.SortFunc(rows, func(a, b hashed) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row)) })
	for i := 1; i < len(rows); i++ {
		if rows[i].hash != rows[i-1].hash {
			continue
		}
		r.surplus++
		if i == 1 || rows[i-2].hash != rows[i].hash {
			if r.ids++; r.ids == 1 || rows[i].row < r.again {
				r.first, r.again = rows[i-1].row, rows[i].row
			}
		}
	}
	return r
}

// suspects are the rows whose hash shares its last bits with another's: all that are repeated, and few of the others.
func (x *leadIDs) suspects() (rows []hashed) {
	size := uint64(64)
	for size < uint64(16*len(x.hashes)) {
		size *= 2
	}
	seen, shared := make([]uint64, size/64), make([]uint64, size/64)
	for _, h := range x.hashes {
		at, bit := h>>1&(size-1)/64, uint64(1)<<(h>>1%64)
		shared[at] |= seen[at] & bit
		seen[at] |= bit
	}
	for row, h := range x.hashes {
		if h != 0 && shared[h>>1&(size-1)/64]&(1<<(h>>1%64)) != 0 {
			rows = append(rows, hashed{h, row})
		}
	}
	return rows
}

// warning is what a reader should know of repeated ids, of which one is named; nil if there are none.
func (r repeatedIDs) warning(column, id, rows string) []model.Warning {
	if r.ids == 0 {
		return nil
	}
	text := fmt.Sprintf("%s ids stand in more than one row", budget.Count(r.ids))
	if r.ids == 1 {
		text = "1 id stands in more than one row"
	}
	return []model.Warning{{Code: "repeated_lead_id", Column: column, Detail: fmt.Sprintf("%s, the first %q in %s; each of these rows counts as a lead: %s too many", text, id, rows, budget.Count(r.surplus))}}
}

// repeatedLeads looks for ids that stand in several rows of a data set. Without a column of ids there are none.
func repeatedLeads(ctx context.Context, d *datasets.Dataset, schema *features.Schema) ([]model.Warning, error) {
	i := schema.ByRole(features.RoleID)
	if i < 0 || !slices.ContainsFunc(d.Columns(), func(c datasets.Column) bool { return c.Name == schema.Fields()[i].Name }) {
		return nil, nil
	}
	column := schema.Fields()[i]
	ids, err := features.NewSchema([]features.Field{column}, nil)
	if err != nil {
		return nil, err
	}
	x := newLeadIDs(d.Rows())
	if err := eachID(ctx, d, ids, func(_ *features.Batch, _ int, id string) { x.add(id) }); err != nil {
		return nil, err
	}
	r := x.repeated()
	if r.ids == 0 {
		return nil, nil
	}
	name, row := "", 0
	err = eachID(ctx, d, ids, func(_ *features.Batch, _ int, id string) {
		if row == r.first {
			name = id
		}
		row++
	})
	return r.warning(column.Name, name, placesOf(d, r.first, r.again)), err
}

// placesOf names two rows of a data set, and their files if there are several, as people count them.
func placesOf(d *datasets.Dataset, first, again int) string {
	if len(d.Files()) == 1 {
		return twoRows(first, again)
	}
	one, at := d.Place(first)
	other, then := d.Place(again)
	return fmt.Sprintf("row %s of %s and row %s of %s", budget.Count(at+1), one, budget.Count(then+1), other)
}

// twoRows names two rows, as people count them.
func twoRows(first, again int) string {
	return fmt.Sprintf("rows %s and %s", budget.Count(first+1), budget.Count(again+1))
}

// repeatedIn is the warning about ids that were noted as a file of leads was scored; the file is read again up to the
// one that is named.
func (x *leadIDs) repeatedIn(ctx context.Context, path string, separator rune, m *model.Model) ([]model.Warning, error) {
	r := x.repeated()
	if r.ids == 0 {
		return nil, nil
	}
	name, row, found := "", 0, errors.New("found")
	err := eachLead(ctx, path, separator, m, false, func(lead *features.Lead) error {
		if name = lead.ID; row == r.first {
			return found
		}
		row++
		return nil
	})
	if !errors.Is(err, found) {
		return nil, err
	}
	return r.warning(m.Schema().Fields()[m.Schema().ByRole(features.RoleID)].Name, name, twoRows(r.first, r.again)), nil
}
