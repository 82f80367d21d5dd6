package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// fitting makes the kernels of package logit.
func fitting() {
	logistic()
	curvature()
	for _, k := range []numbers{{"32", "float32", 4}, {"64", "float64", 8}} {
		k.add("Whole", false)
		k.add("Gapped", true)
		k.dots4("Whole", false)
		k.dots4("Gapped", true)
		k.dot("Whole", false)
		k.dot("Gapped", true)
	}
	targets()
	axpy()
	axpy4()
	axpy4x4()
	tile()
	scatter()
}

// expNegative holds the constants of e^−|x|, from kernel.go.
type expNegative struct {
	magnitudes, farthest, magic, per16, hi, lo, one, zero, low, up reg.VecVirtual
	series                                                         [6]reg.VecVirtual // 1/2, 1/6 … 1/5040
	exponents                                                      reg.VecVirtual
}

func newExpNegative() *expNegative {
	c := &expNegative{zero: zero()}
	table := Mem{Base: load("exp")}
	constant := func(i int) reg.VecVirtual {
		z := ZMM()
		VBROADCASTSD(table.Offset(8*i), z)
		return z
	}
	c.magnitudes, c.farthest, c.magic, c.per16, c.hi, c.lo, c.one = constant(0), constant(1), constant(2), constant(3), constant(4), constant(5), constant(6)
	for i := range c.series {
		c.series[i] = constant(7 + i)
	}
	c.exponents = constant(13)
	c.low, c.up = ZMM(), ZMM()
	VMOVUPD(table.Offset(8*16), c.low)
	VMOVUPD(table.Offset(8*24), c.up)
	return c
}

// of returns e^−|x|.
func (c *expNegative) of(x reg.VecVirtual) reg.VecVirtual {
	a := ZMM()
	VPANDQ(c.magnitudes, x, a)
	VPMINSQ(c.farthest, a, a)
	shifted, r := reduced(a, c.zero, c.magic, c.per16, c.hi, c.lo)

	square, high, middle, series := ZMM(), ZMM(), ZMM(), ZMM()
	VMULPD(r, r, square)
	VMULPD(c.series[5], r, high)
	VADDPD(high, c.series[4], high)
	VMULPD(c.series[3], r, middle)
	VADDPD(middle, c.series[2], middle)
	VMULPD(c.series[1], r, series)
	VADDPD(series, c.series[0], series)
	VMULPD(high, square, high)
	VADDPD(high, middle, middle)
	VMULPD(middle, square, middle)
	VADDPD(middle, series, series)

	power := ZMM()
	VMULPD(series, square, power)
	VADDPD(power, r, power)
	VADDPD(power, c.one, power)
	table := ZMM()
	VMOVAPD(shifted, table) // its low four bits are the index
	VPERMI2PD(c.up, c.low, table)
	VMULPD(table, power, power)
	VPSLLQ(Imm(48), shifted, shifted)
	VPANDQ(c.exponents, shifted, shifted)
	VPADDQ(shifted, power, power)
	return power
}

func logistic() {
	begin("logisticVector", "func(eta, t *float64, n int, exp, s *float64)",
		"logisticVector is logisticSums.add of n rows, a multiple of eight.")
	eta, t, n := load("eta"), load("t"), load("n")
	c := newExpNegative()
	linear, residual, product := zero(), zero(), ZMM()
	VMOVAPD(c.one, product)
	eights("rows", n, func() {
		x := ZMM()
		VMOVUPD(Mem{Base: eta}, x)
		e := c.of(x)
		factor, q := ZMM(), ZMM()
		VADDPD(e, c.one, factor)
		VDIVPD(factor, e, q)
		negative, positive := K(), K()
		VPMOVQ2M(x, negative)
		KNOTB(negative, positive)
		d, y := ZMM(), ZMM()
		VMOVAPD_Z(c.one, positive, d)
		VSUBPD(Mem{Base: t}, d, d)
		VSUBPD(q, d, y)
		VADDPD(q, d, negative, y)
		VMOVUPD(y, Mem{Base: eta})
		VMULPD(x, d, d)
		VADDPD(d, linear, linear)
		VADDPD(y, residual, residual)
		VMULPD(factor, product, product)
		ADDQ(Imm(bytes8), eta)
		ADDQ(Imm(bytes8), t)
	})
	s := Mem{Base: load("s")}
	VMOVUPD(linear, s)
	VMOVUPD(residual, s.Offset(bytes8))
	VMOVUPD(product, s.Offset(2*bytes8))
	end()
}

func curvature() {
	begin("curvatureVector", "func(eta *float64, n int, exp *float64)",
		"curvatureVector is curvatureRowsScalar of n rows, a multiple of eight.")
	eta, n := load("eta"), load("n")
	c := newExpNegative()
	eights("rows", n, func() {
		x := ZMM()
		VMOVUPD(Mem{Base: eta}, x)
		e, one := c.of(x), ZMM()
		VADDPD(e, c.one, one)
		VMULPD(one, one, one)
		VDIVPD(one, e, e)
		VMOVUPD(e, Mem{Base: eta})
		ADDQ(Imm(bytes8), eta)
	})
	end()
}

// numbers makes the kernels over columns of one width.
type numbers struct {
	suffix, kind string
	width        int
}

// value loads eight values of a column, with 0 for what is missing if there are gaps.
func (k numbers) value(at Mem, gapped bool) reg.VecVirtual {
	v := ZMM()
	switch {
	case !gapped && k.width == 4:
		VCVTPS2PD(at, v)
	case !gapped:
		VMOVUPD(at, v)
	case k.width == 4:
		single, present := YMM(), K()
		VMOVUPS(at, single)
		VCMPPS(Imm(0), single, single, present)
		VCVTPS2PD_Z(single, present, v)
	default:
		present := K()
		VMOVUPD(at, v)
		VCMPPD(Imm(0), v, v, present)
		VMOVAPD_Z(v, present, v)
	}
	return v
}

// sliceBytes is the size of a slice's header, whose first word is the pointer.
const sliceBytes = 24

func (k numbers) add(which string, gapped bool) {
	begin("add"+which+k.suffix, "func(x [][]"+k.kind+", slopes, eta *float64, n int)",
		"add"+which+k.suffix+" adds Σⱼ slopes[j]·x[j][i] to each of n η, a multiple of eight.")
	x, columns := Load(Param("x").Base(), GP64()), Load(Param("x").Len(), GP64())
	slopes, eta, n := load("slopes"), load("eta"), load("n")
	row := GP64()
	XORQ(row, row)
	eights("rows", n, func() {
		sum, j, header, column := ZMM(), GP64(), GP64(), GP64()
		VMOVUPD(Mem{Base: eta, Index: row, Scale: 8}, sum)
		XORQ(j, j)
		MOVQ(x, header)
		Label("columns")
		MOVQ(Mem{Base: header}, column)
		product, slope := k.value(Mem{Base: column, Index: row, Scale: uint8(k.width)}, gapped), ZMM()
		VBROADCASTSD(Mem{Base: slopes, Index: j, Scale: 8}, slope)
		VMULPD(slope, product, product)
		VADDPD(product, sum, sum)
		ADDQ(Imm(sliceBytes), header)
		INCQ(j)
		CMPQ(j, columns)
		JL(LabelRef("columns"))
		VMOVUPD(sum, Mem{Base: eta, Index: row, Scale: 8})
		ADDQ(Imm(8), row)
	})
	end()
}

func (k numbers) dots4(which string, gapped bool) {
	begin("dots"+which+k.suffix, "func(x0, x1, x2, x3 *"+k.kind+", r *float64, n int, s *float64)",
		"dots"+which+k.suffix+" writes the lanes of Σ r·x of four columns, of n rows, a multiple of eight.")
	x := []reg.Register{load("x0"), load("x1"), load("x2"), load("x3")}
	k.dotsOf(x, gapped)
}

func (k numbers) dot(which string, gapped bool) {
	begin("dot"+which+k.suffix, "func(x *"+k.kind+", r *float64, n int, s *float64)",
		"dot"+which+k.suffix+" writes the lanes of Σ r·x, of n rows, a multiple of eight.")
	k.dotsOf([]reg.Register{load("x")}, gapped)
}

func (k numbers) dotsOf(x []reg.Register, gapped bool) {
	r, n := load("r"), load("n")
	sums := make([]reg.VecVirtual, len(x))
	for j := range sums {
		sums[j] = zero()
	}
	eights("rows", n, func() {
		residual := ZMM()
		VMOVUPD(Mem{Base: r}, residual)
		ADDQ(Imm(bytes8), r)
		for j := range x {
			v := k.value(Mem{Base: x[j]}, gapped)
			VMULPD(v, residual, v)
			VADDPD(v, sums[j], sums[j])
			ADDQ(Imm(uint64(8*k.width)), x[j])
		}
	})
	s := Mem{Base: load("s")}
	for j, sum := range sums {
		VMOVUPD(sum, s.Offset(bytes8*j))
	}
	end()
}

func targets() {
	begin("targetsVector", "func(labels *uint8, t *float64, n int)", "targetsVector is toTargetsScalar of n rows, a multiple of eight.")
	labels, t, n := load("labels"), load("t"), load("n")
	eights("rows", n, func() {
		y := ZMM()
		VPMOVZXBQ(Mem{Base: labels}, y)
		VCVTUQQ2PD(y, y)
		VMOVUPD(y, Mem{Base: t})
		ADDQ(Imm(8), labels)
		ADDQ(Imm(bytes8), t)
	})
	end()
}

func axpy() {
	begin("axpyVector", "func(a float64, x, y *float64, n int)", "axpyVector is axpyScalar of n elements, a multiple of eight.")
	a := ZMM()
	VBROADCASTSD(Load(Param("a"), XMM()), a)
	x, y, n := load("x"), load("y"), load("n")
	eights("elements", n, func() {
		v := ZMM()
		VMULPD(Mem{Base: x}, a, v)
		VADDPD(Mem{Base: y}, v, v)
		VMOVUPD(v, Mem{Base: y})
		ADDQ(Imm(bytes8), x)
		ADDQ(Imm(bytes8), y)
	})
	end()
}

func axpy4() {
	begin("axpy4Vector", "func(a, x0, x1, x2, x3, y *float64, n int)", "axpy4Vector is axpy4Scalar of n elements, a multiple of eight.")
	from := Mem{Base: load("a")}
	var a [4]reg.VecVirtual
	var x [4]reg.Register
	for j, name := range []string{"x0", "x1", "x2", "x3"} {
		a[j] = ZMM()
		VBROADCASTSD(from.Offset(8*j), a[j])
		x[j] = load(name)
	}
	y, n := load("y"), load("n")
	eights("elements", n, func() {
		var v [4]reg.VecVirtual
		for j := range v {
			v[j] = ZMM()
			VMULPD(Mem{Base: x[j]}, a[j], v[j])
			ADDQ(Imm(bytes8), x[j])
		}
		VADDPD(v[1], v[0], v[0])
		VADDPD(v[3], v[2], v[2])
		VADDPD(v[2], v[0], v[0])
		VADDPD(Mem{Base: y}, v[0], v[0])
		VMOVUPD(v[0], Mem{Base: y})
		ADDQ(Imm(bytes8), y)
	})
	end()
}

func axpy4x4() {
	begin("axpy4x4Vector", "func(a, x, y *float64, apart, n int)",
		"axpy4x4Vector is axpy4Vector of four y, with four a each. Rows of a, x and y are so many elements apart; n is a multiple of eight.")
	row, stride := load("a"), load("apart")
	SHLQ(Imm(3), stride)
	var a [4][4]reg.VecVirtual
	for r := range a {
		for j := range a[r] {
			a[r][j] = ZMM()
			VBROADCASTSD(Mem{Base: row}.Offset(8*j), a[r][j])
		}
		ADDQ(stride, row)
	}
	rows := func(name string) (at [4]reg.Register) {
		at[0] = load(name)
		for j := 1; j < 4; j++ {
			at[j] = GP64()
			LEAQ(Mem{Base: at[j-1], Index: stride, Scale: 1}, at[j])
		}
		return at
	}
	x, y, n := rows("x"), rows("y"), load("n")
	i := GP64()
	XORQ(i, i)
	eights("elements", n, func() {
		var v [4]reg.VecVirtual
		for j := range v {
			v[j] = ZMM()
			VMOVUPD(Mem{Base: x[j], Index: i, Scale: 8}, v[j])
		}
		for r := range a {
			s, t, part := ZMM(), ZMM(), ZMM()
			VMULPD(a[r][0], v[0], s)
			VMULPD(a[r][1], v[1], part)
			VADDPD(part, s, s)
			VMULPD(a[r][2], v[2], t)
			VMULPD(a[r][3], v[3], part)
			VADDPD(part, t, t)
			VADDPD(t, s, s)
			VADDPD(Mem{Base: y[r], Index: i, Scale: 8}, s, s)
			VMOVUPD(s, Mem{Base: y[r], Index: i, Scale: 8})
		}
		ADDQ(Imm(8), i)
	})
	end()
}

func tile() {
	begin("tileVector", "func(rows, a *float64, n, m int, s *float64)",
		"tileVector writes the products of eight rows, laid out k by k, with eight rows of a that are n apart, over m values of k.")
	rows, m, stride := load("rows"), load("m"), load("n")
	SHLQ(Imm(3), stride)
	var c [8]reg.Register
	var sums [8]reg.VecVirtual
	c[0] = load("a")
	for j := range c {
		sums[j] = zero()
		if j > 0 {
			c[j] = GP64()
			LEAQ(Mem{Base: c[j-1], Index: stride, Scale: 1}, c[j])
		}
	}
	k := GP64()
	XORQ(k, k)
	Label("products")
	CMPQ(k, m)
	JGE(LabelRef("productsEnd"))
	v := ZMM()
	VMOVUPD(Mem{Base: rows}, v)
	ADDQ(Imm(bytes8), rows)
	for j := range c {
		product := ZMM()
		VMULPD_BCST(Mem{Base: c[j], Index: k, Scale: 8}, v, product)
		VADDPD(product, sums[j], sums[j])
	}
	INCQ(k)
	JMP(LabelRef("products"))
	Label("productsEnd")
	s := Mem{Base: load("s")}
	for j, sum := range sums {
		VMOVUPD(sum, s.Offset(bytes8*j))
	}
	end()
}

func scatter() {
	begin("scatterVector", "func(codes *uint16, n int, hz, table *float64, columns int)",
		"scatterVector is scatterRowsScalar of n rows of columns, a multiple of four. Codes are not checked.")
	codes, n, hz, table, columns := load("codes"), load("n"), load("hz"), load("table"), load("columns")
	Label("rows")
	SUBQ(Imm(1), n)
	JL(LabelRef("rowsEnd"))
	to, left := GP64(), GP64()
	MOVWQZX(Mem{Base: codes}, to)
	ADDQ(Imm(2), codes)
	IMULQ(columns, to)
	LEAQ(Mem{Base: table, Index: to, Scale: 8}, to)
	MOVQ(columns, left)
	Label("wide")
	SUBQ(Imm(8), left)
	JL(LabelRef("narrow"))
	v := ZMM()
	VMOVUPD(Mem{Base: to}, v)
	VADDPD(Mem{Base: hz}, v, v)
	VMOVUPD(v, Mem{Base: to})
	ADDQ(Imm(bytes8), to)
	ADDQ(Imm(bytes8), hz)
	JMP(LabelRef("wide"))
	Label("narrow")
	CMPQ(left, Imm(0xfffffffc)) // −4: half a vector is left
	JNE(LabelRef("rows"))
	half := YMM()
	VMOVUPD(Mem{Base: to}, half)
	VADDPD(Mem{Base: hz}, half, half)
	VMOVUPD(half, Mem{Base: to})
	ADDQ(Imm(bytes8/2), hz)
	JMP(LabelRef("rows"))
	Label("rowsEnd")
	end()
}
