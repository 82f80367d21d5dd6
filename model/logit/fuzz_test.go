package logit

import (
	"context"
	"math"
	"testing"
)

// FuzzMinimise fits tiny problems made from bytes: there is an error and no fit, or a fit with a small gradient.
func FuzzMinimise(f *testing.F) {
	f.Add([]byte{3, 2, 0, 0, 1, 0, 2, 1, 1, 0, 0, 1, 1, 2, 0})
	f.Add([]byte{0xff, 0x41, 7, 9, 200, 13, 5, 0, 0, 0, 1, 1, 1, 0, 254, 255, 3})
	f.Add([]byte("some rows won and some rows lost, and some were never seen at all"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, o := fromBytes(data)
		fit, err := Minimise(context.Background(), p, o)
		if (fit == nil) == (err == nil) {
			t.Fatalf("fit %v, error %v", fit, err)
		}
		if err != nil {
			return
		}
		if !(fit.GradientNorm <= o.Tolerance) {
			t.Fatalf("relative gradient norm %v", fit.GradientNorm)
		}
		for _, b := range flatten(fit) {
			if math.IsNaN(b) || math.IsInf(b, 0) {
				t.Fatalf("coefficients %v", flatten(fit))
			}
		}
	})
}

// reader deals out bytes, 0 when there are no more.
type reader []byte

func (r *reader) next() byte {
	if len(*r) == 0 {
		return 0
	}
	b := (*r)[0]
	*r = (*r)[1:]
	return b
}

func fromBytes(data []byte) (Problem, Options) {
	r := reader(data)
	o := DefaultOptions()
	kind := r.next()
	o.Workers = 1 + int(kind&1)
	o.Reference = kind&2 != 0
	o.StandardErrors = StandardErrors(kind >> 2 & 3)
	p := Problem{Rows: int(r.next()) % 40}
	for range 1 + int(r.next())%4 {
		p.Columns = append(p.Columns, r.column(p.Rows))
	}
	for range p.Rows {
		b := r.next()
		if kind&16 != 0 {
			p.Targets = append(p.Targets, float64(b)/255)
		} else {
			p.Labels = append(p.Labels, b&1)
		}
		if kind&32 != 0 {
			p.Weights = append(p.Weights, float64(b>>1)/16)
		}
	}
	return p, o
}

func (r *reader) column(rows int) Column {
	b := r.next()
	c := Column{Ridge: float64(b&15) / 4, Center: float64(b) - 100, Scale: math.Exp2(float64(b%16) - 8)}
	if b >= 128 {
		c.Flag = b&64 != 0
		for range rows {
			if v := r.next(); v == 255 {
				c.Numbers.F64 = append(c.Numbers.F64, math.NaN())
			} else {
				c.Numbers.F64 = append(c.Numbers.F64, float64(v))
			}
		}
		return c
	}
	c.Levels = 1 + int(b>>4)
	if b&1 != 0 {
		c.Difference = float64(b >> 5)
	}
	for range rows {
		c.Codes.U8 = append(c.Codes.U8, r.next()%8) // now and then out of range
	}
	return c
}
