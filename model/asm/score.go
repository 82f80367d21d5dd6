package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// scoring makes the kernels of package model.
func scoring() {
	sigmoid()
	line()
	lines()
}

func sigmoid() {
	begin("sigmoidsVector", "func(l, p *float64, n int, constants, table *float64) (done int)",
		"sigmoidsVector is sigmoids of n log-odds, a multiple of eight, up to an eight that has one beyond nearBy or NaN.")
	l, p, n, done := load("l"), load("p"), load("n"), GP64()
	at, table := Mem{Base: load("constants")}, load("table")
	var constants [12]reg.VecVirtual
	for i := range constants {
		constants[i] = ZMM()
		VBROADCASTSD(at.Offset(8*i), constants[i])
	}
	magnitudes, near, magic, per64, hi, lo := constants[0], constants[1], constants[2], constants[3], constants[4], constants[5]
	one, half, third, fourth, fifth, low := constants[6], constants[7], constants[8], constants[9], constants[10], constants[11]
	none := zero()
	XORQ(done, done)
	eights("rows", n, func() {
		x, a, isNear, bits := ZMM(), ZMM(), K(), GP32()
		VMOVUPD(Mem{Base: l, Index: done, Scale: 8}, x)
		VPANDQ(magnitudes, x, a)
		VCMPPD(Imm(2), near, a, isNear) // a ≤ near, false of NaN
		KMOVB(isNear, bits)
		CMPB(bits.As8(), Imm(0xff))
		JNE(LabelRef("rowsEnd"))
		shifted, r := reduced(x, none, magic, per64, hi, lo)

		square, series, later := ZMM(), ZMM(), ZMM()
		VMULPD(r, r, square)
		VMULPD(fifth, r, later)
		VADDPD(later, fourth, later)
		VMULPD(later, square, later)
		VMULPD(third, r, series)
		VADDPD(series, half, series)
		VADDPD(later, series, series)
		VMULPD(series, square, series)
		VADDPD(series, r, series)

		index, power, all := ZMM(), ZMM(), K()
		VPANDQ(low, shifted, index)
		KXNORB(all, all, all)
		VGATHERQPD(Mem{Base: table, Index: index, Scale: 8}, all, power)
		VMULPD(series, power, series)
		VADDPD(series, power, power)
		VPSRLQ(Imm(6), shifted, shifted)
		VPSLLQ(Imm(52), shifted, shifted)
		VPADDQ(shifted, power, power)
		VADDPD(power, one, power)
		VDIVPD(power, one, power)
		VMOVUPD(power, Mem{Base: p, Index: done, Scale: 8})
		ADDQ(Imm(8), done)
	})
	Store(done, ReturnIndex(0))
	end()
}

// lineOf is the constants of a number's line, in the order of its fields.
type lineOf struct{ mean, inverse, slope, shift, absent reg.VecVirtual }

func newLineOf(name string) *lineOf {
	l, at := &lineOf{}, Mem{Base: load(name)}
	for i, z := range []*reg.VecVirtual{&l.mean, &l.inverse, &l.slope, &l.shift, &l.absent} {
		*z = ZMM()
		VBROADCASTSD(at.Offset(8*i), *z)
	}
	return l
}

// add adds the contributions of eight numbers.
func (l *lineOf) add(x Mem, sum reg.VecVirtual) {
	v, c, missing := ZMM(), ZMM(), K()
	VMOVUPD(x, v)
	VCMPPD(Imm(3), v, v, missing)
	VSUBPD(l.mean, v, c)
	VMULPD(l.inverse, c, c)
	VMULPD(l.slope, c, c)
	VSUBPD(l.shift, c, c)
	VMOVAPD(l.absent, missing, c)
	VADDPD(c, sum, sum)
}

func line() {
	begin("lineVector", "func(sum, x *float64, n int, l *float64)", "lineVector is addLine of n numbers, a multiple of eight.")
	sum, x, n := load("sum"), load("x"), load("n")
	l := newLineOf("l")
	eights("rows", n, func() {
		s := ZMM()
		VMOVUPD(Mem{Base: sum}, s)
		l.add(Mem{Base: x}, s)
		VMOVUPD(s, Mem{Base: sum})
		ADDQ(Imm(bytes8), sum)
		ADDQ(Imm(bytes8), x)
	})
	end()
}

func lines() {
	begin("linesVector", "func(sum, x, y *float64, n int, l, m *float64)", "linesVector is addLines2 of n numbers, a multiple of eight.")
	sum, x, y, n := load("sum"), load("x"), load("y"), load("n")
	l, m := newLineOf("l"), newLineOf("m")
	eights("rows", n, func() {
		s := ZMM()
		VMOVUPD(Mem{Base: sum}, s)
		l.add(Mem{Base: x}, s)
		m.add(Mem{Base: y}, s)
		VMOVUPD(s, Mem{Base: sum})
		ADDQ(Imm(bytes8), sum)
		ADDQ(Imm(bytes8), x)
		ADDQ(Imm(bytes8), y)
	})
	end()
}
