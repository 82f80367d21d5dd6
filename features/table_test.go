package features

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// rowsOf are leads, row by row: the naive form of a table.
type rowsOf [][]Value

// drawRows draws leads of leadSchema with few or many levels and numbers that may lose in single precision.
func drawRows(t *rapid.T, s *Schema) rowsOf {
	rows := make(rowsOf, rapid.IntRange(0, 60).Draw(t, "rows"))
	levels := rapid.IntRange(1, 20).Draw(t, "levels")
	wide := rapid.Bool().Draw(t, "wide")
	for r := range rows {
		rows[r] = make([]Value, len(s.fields))
		for i, f := range s.fields {
			if rapid.IntRange(0, 3).Draw(t, "present") == 0 {
				continue
			}
			v := Value{Present: true}
			switch f.Kind {
			case Category:
				v.Text = fmt.Sprintf("%c%d", 'z'-i, rapid.IntRange(0, levels).Draw(t, "level"))
				if f.Type.Base == Bool {
					v = f.boolValue(rapid.Bool().Draw(t, "bool"))
				}
			case Number:
				v.Number = float64(rapid.IntRange(-5, 5).Draw(t, "number"))
				if wide && f.Type.Base == Float64 {
					v.Number /= 10
				}
			case Time:
				v = f.timeValue(rapid.Int64Range(-1e15, 1e16).Draw(t, "time"))
			}
			rows[r][i] = v
		}
	}
	return rows
}

// batches cuts rows into batches, each column of each with a dictionary of its own or the one before.
func (rows rowsOf) batches(s *Schema, size int, share bool) []*Batch {
	var batches []*Batch
	shared := make([]*Dictionary, len(s.fields))
	for start := 0; start < len(rows); start += size {
		part := rows[start:min(start+size, len(rows))]
		b := &Batch{Schema: s, Start: start, Rows: len(part), Vectors: make([]Vector, len(s.fields))}
		for i, f := range s.fields {
			if f.Role == RoleExcluded {
				continue
			}
			if shared[i] == nil || !share {
				shared[i] = &Dictionary{Levels: []string{"never used"}}
			}
			b.Vectors[i] = vectorOf(part, i, f.Kind, shared[i])
		}
		batches = append(batches, b)
	}
	return batches
}

func vectorOf(rows rowsOf, i int, kind Kind, d *Dictionary) Vector {
	v := Vector{}
	switch kind {
	case Category:
		v.Dictionary, v.Codes = d, []uint32{}
	case Number:
		v.Numbers = []float64{}
	case Time:
		v.Times = []int64{}
	}
	for _, row := range rows {
		x := row[i]
		switch {
		case kind == Category && x.Present:
			at := slices.Index(d.Levels, x.Text)
			if at < 0 {
				at = len(d.Levels)
				d.Levels = append(d.Levels, x.Text)
			}
			v.Codes = append(v.Codes, uint32(at))
		case kind == Category:
			v.Codes = append(v.Codes, NoCode)
		case kind == Number && x.Present:
			v.Numbers = append(v.Numbers, x.Number)
		case kind == Number:
			v.Numbers = append(v.Numbers, math.NaN())
		case x.Present:
			v.Times = append(v.Times, x.Time)
		default:
			v.Times = append(v.Times, NoTime)
		}
	}
	return v
}

// table builds the table of the batches.
func tableOf(t testing.TB, s *Schema, batches []*Batch) *Table {
	t.Helper()
	b := NewBuilder(s, 0)
	for _, batch := range batches {
		if err := b.Add(batch); err != nil {
			t.Fatal(err)
		}
	}
	return b.Table()
}

// A table holds what was put in, whatever the batches, and so does each batch.
func TestTableAgainstRows(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		batches := rows.batches(s, rapid.IntRange(1, 70).Draw(rt, "size"), rapid.Bool().Draw(rt, "share"))
		table := tableOf(t, s, batches)
		if table.Rows != len(rows) {
			rt.Fatalf("%d rows, want %d", table.Rows, len(rows))
		}
		var fromTable, fromBatch Lead
		for _, b := range batches {
			for k := range b.Rows {
				r := b.Start + k
				table.Lead(r, &fromTable)
				b.Lead(k, &fromBatch)
				if fromBatch.ID != rows[r][0].Text {
					rt.Fatalf("row %d: id %q, want %q", r, fromBatch.ID, rows[r][0].Text)
				}
				for i, f := range s.fields {
					want := rows[r][i]
					if f.Role == RoleExcluded {
						want = Value{}
					}
					if fromBatch.Values[i] != want {
						rt.Fatalf("row %d, %s: batch has %+v, want %+v", r, f.Name, fromBatch.Values[i], want)
					}
					if f.Role != RoleID && fromTable.Values[i] != want {
						rt.Fatalf("row %d, %s: table has %+v, want %+v", r, f.Name, fromTable.Values[i], want)
					}
				}
			}
		}
		checkTable(rt, table)
	})
}

// checkTable checks what a Table promises of its columns.
func checkTable(t *rapid.T, table *Table) {
	for i, c := range table.Columns {
		f := table.Schema.fields[i]
		if !stored(&f) {
			if c.Codes.Len()+c.Numbers.Len()+len(c.Times) > 0 {
				t.Fatalf("%s is stored", f.Name)
			}
			continue
		}
		if n := c.Codes.Len() + c.Numbers.Len() + len(c.Times); n != table.Rows {
			t.Fatalf("%s has %d values in %d rows", f.Name, n, table.Rows)
		}
		if !slices.IsSorted(c.Levels) {
			t.Fatalf("%s: levels %q", f.Name, c.Levels)
		}
	}
}

// The columns do not depend on how the rows came in.
func TestTableIgnoresBatches(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		if len(rows) == 0 {
			return
		}
		a := tableOf(t, s, rows.batches(s, len(rows), true))
		b := tableOf(t, s, rows.batches(s, rapid.IntRange(1, 9).Draw(rt, "size"), false))
		for i := range a.Columns {
			if x, y := a.Columns[i], b.Columns[i]; !reflect.DeepEqual(x.Levels, y.Levels) || !reflect.DeepEqual(x.Codes, y.Codes) || !reflect.DeepEqual(x.Times, y.Times) {
				rt.Fatalf("%s: %+v and %+v", s.fields[i].Name, x, y)
			}
		}
	})
}

// Codes widen as levels come in: 255 levels and "missing" fit a byte, one more does not.
func TestTableWidens(t *testing.T) {
	s, err := NewSchema([]Field{{Name: "c", Type: Type{Base: String}, Kind: Category, Role: RoleFeature}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		levels int
		width  func(Codes) bool
	}{
		{255, func(c Codes) bool { return c.U8 != nil }}, {256, func(c Codes) bool { return c.U16 != nil }},
		{65535, func(c Codes) bool { return c.U16 != nil }}, {65536, func(c Codes) bool { return c.U32 != nil }},
	} {
		d := &Dictionary{}
		codes := []uint32{NoCode}
		for k := range c.levels {
			d.Levels = append(d.Levels, fmt.Sprintf("%06d", c.levels-k))
			codes = append(codes, uint32(k))
		}
		codes = append(codes, NoCode)
		table := tableOf(t, s, []*Batch{{Schema: s, Rows: len(codes), Vectors: []Vector{{Codes: codes, Dictionary: d}}}})
		column := &table.Columns[0]
		if !c.width(column.Codes) || len(column.Levels) != c.levels {
			t.Errorf("%d levels: %d in the table, %T", c.levels, len(column.Levels), column.Codes)
		}
		for r, code := range codes {
			want := Value{}
			if code != NoCode {
				want = Value{Present: true, Text: d.Levels[code]}
			}
			if got := column.value(Category, r); got != want {
				t.Fatalf("%d levels, row %d: %+v, want %+v", c.levels, r, got, want)
			}
		}
	}
}

func TestTableNumberWidth(t *testing.T) {
	s, err := NewSchema([]Field{{Name: "x", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		values []float64
		single bool
	}{
		{[]float64{1, 0.5, math.NaN(), -0x1p127}, true},
		{[]float64{1, math.NaN(), 0.1, 2, math.NaN()}, false},
		{[]float64{1, 1e300}, false},
		{[]float64{16777217}, false},
	} {
		for size := 1; size <= len(c.values); size++ {
			b := NewBuilder(s, 0)
			for start := 0; start < len(c.values); start += size {
				part := c.values[start:min(start+size, len(c.values))]
				if err := b.Add(&Batch{Schema: s, Start: start, Rows: len(part), Vectors: []Vector{{Numbers: part}}}); err != nil {
					t.Fatal(err)
				}
			}
			x := b.Table().Columns[0].Numbers
			if (x.F32 != nil) != c.single || (x.F64 != nil) == c.single || x.Len() != len(c.values) {
				t.Errorf("%v: F32 %v, F64 %v", c.values, x.F32, x.F64)
			}
			for i, want := range c.values {
				if got := x.At(i); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("%v: value %d is %v", c.values, i, got)
				}
			}
		}
	}
}

func TestBuilderRefuses(t *testing.T) {
	s, err := NewSchema([]Field{
		{Name: "c", Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
		{Name: "x", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := &Dictionary{Levels: []string{"a"}}
	for name, batch := range map[string]*Batch{
		"gap":        {Start: 1, Rows: 1, Vectors: []Vector{{Codes: []uint32{0}, Dictionary: d}, {Numbers: []float64{1}}}},
		"columns":    {Rows: 1, Vectors: []Vector{{Codes: []uint32{0}, Dictionary: d}}},
		"short":      {Rows: 2, Vectors: []Vector{{Codes: []uint32{0, 0}, Dictionary: d}, {Numbers: []float64{1}}}},
		"wrong kind": {Rows: 1, Vectors: []Vector{{Numbers: []float64{1}}, {Numbers: []float64{1}}}},
		"code":       {Rows: 1, Vectors: []Vector{{Codes: []uint32{1}, Dictionary: d}, {Numbers: []float64{1}}}},
		"no levels":  {Rows: 1, Vectors: []Vector{{Codes: []uint32{0}}, {Numbers: []float64{1}}}},
		"too many":   {Rows: math.MaxInt32 + 1, Vectors: make([]Vector, 2)},
	} {
		if err := NewBuilder(s, 0).Add(batch); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A column that is missing throughout needs no dictionary.
	if err := NewBuilder(s, 0).Add(&Batch{Rows: 1, Vectors: []Vector{{Codes: []uint32{NoCode}}, {Numbers: []float64{1}}}}); err != nil {
		t.Error(err)
	}
}

func TestLeadIDOfNumberColumn(t *testing.T) {
	s, err := NewSchema([]Field{{Name: "id", Type: Type{Base: Int64}, Kind: Number, Role: RoleID}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &Batch{Schema: s, Rows: 2, Vectors: []Vector{{Numbers: []float64{1234567, math.NaN()}}}}
	var lead Lead
	if b.Lead(0, &lead); lead.ID != "1234567" {
		t.Errorf("id %q", lead.ID)
	}
	if b.Lead(1, &lead); lead.ID != "" {
		t.Errorf("missing id %q", lead.ID)
	}
}

func TestTableWithout(t *testing.T) {
	s := leadSchema(t)
	rows := rowsOf{make([]Value, len(s.fields))}
	rows[0][5] = number(1)
	table := tableOf(t, s, rows.batches(s, 1, true))
	reduced, err := table.Without("score")
	if err != nil {
		t.Fatal(err)
	}
	if got := reduced.Schema.fields[5].Role; got != RoleExcluded || table.Schema.fields[5].Role != RoleFeature {
		t.Errorf("roles %v and %v", got, table.Schema.fields[5].Role)
	}
	if _, err := table.Without("nope"); err == nil {
		t.Error("a column that is not there: no error")
	}
}

func TestTableSample(t *testing.T) {
	s := leadSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		rows := drawRows(rt, s)
		table := tableOf(t, s, rows.batches(s, 7, false))
		count := rapid.IntRange(0, len(rows)+3).Draw(rt, "count")
		sample := table.Sample(count, rapid.Uint64().Draw(rt, "seed"))
		if sample.Rows != min(count, table.Rows) {
			rt.Fatalf("%d rows, want %d of %d", sample.Rows, count, table.Rows)
		}
		checkTable(rt, sample)
		var a, b Lead
		from := 0
		for r := range sample.Rows { // each of its rows is a later one of the table
			sample.Lead(r, &a)
			for table.Lead(from, &b); !slices.Equal(a.Values, b.Values); table.Lead(from, &b) {
				from++
			}
			from++
		}
	})
}

func BenchmarkBuilder(b *testing.B) {
	const rows = 1 << 16
	s, err := NewSchema([]Field{
		{Name: "c", Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
		{Name: "x", Type: Type{Base: Float32}, Kind: Number, Role: RoleFeature},
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	batch := &Batch{Schema: s, Rows: rows, Vectors: []Vector{{Codes: make([]uint32, rows), Dictionary: &Dictionary{Levels: []string{"a", "b", "c"}}}, {Numbers: make([]float64, rows)}}}
	for r := range rows {
		batch.Vectors[0].Codes[r], batch.Vectors[1].Numbers[r] = uint32(r%3), float64(r)
	}
	b.SetBytes(2 * rows)
	for b.Loop() {
		builder := NewBuilder(s, rows)
		if err := builder.Add(batch); err != nil {
			b.Fatal(err)
		}
	}
}
