// Command asm writes the vector kernels of the packages model and logit, for amd64 with AVX-512: `go generate ./model/...`.
//
// Every kernel takes rows in eights and adds lane by lane, in the order of its scalar twin, rounding every product and
// every sum: no fused multiply-add. What is left over of eights is the twin's.
package main

import (
	"flag"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	fit := flag.Bool("fit", false, "the kernels of fitting instead of those of scoring")
	flag.Parse()
	ConstraintExpr("!purego")
	if *fit {
		fitting()
	} else {
		scoring()
	}
	Generate()
}

// bytes8 is how many bytes eight float64 are.
const bytes8 = 64

// begin starts a kernel.
func begin(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
}

// end returns. The upper halves of registers are cleared: scalar code that carries them along runs at half its speed.
func end() {
	VZEROUPPER()
	RET()
}

// eights runs body for every eight of n rows; body advances its pointers.
func eights(name string, n reg.Register, body func()) {
	Label(name)
	SUBQ(Imm(8), n)
	JL(LabelRef(name + "End"))
	body()
	JMP(LabelRef(name))
	Label(name + "End")
}

func zero() reg.VecVirtual {
	z := ZMM()
	VPXORQ(z, z, z)
	return z
}

func load(name string) reg.Register { return Load(Param(name), GP64()) }

// reduced takes x to a small r with −x = k·hi + k·lo + r, k = round(−x·per): the low bits of shifted are k.
func reduced(x, zero, magic, per, hi, lo reg.VecVirtual) (shifted, r reg.VecVirtual) {
	k, part := ZMM(), ZMM()
	shifted, r = ZMM(), ZMM()
	VMULPD(per, x, shifted)
	VSUBPD(shifted, magic, shifted)
	VSUBPD(magic, shifted, k)
	VSUBPD(x, zero, r)
	VMULPD(hi, k, part)
	VSUBPD(part, r, r)
	VMULPD(lo, k, part)
	VSUBPD(part, r, r)
	return shifted, r
}
