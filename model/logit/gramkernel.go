package logit

// The inner loops of the Gram matrix, without vectors.

// scatterCells adds h to the cell (a, b) of a table of so many columns.
func scatterCells(a, b []uint16, columns int, h, table []float64) {
	b, h = b[:len(a)], h[:len(a)]
	for i, code := range a {
		table[int(code)*columns+int(b[i])] += h[i]
	}
}

// scatterCellsTwice is scatterCells of two pairs with the same a.
func scatterCellsTwice(a, b, c []uint16, bColumns, cColumns int, h, bTable, cTable []float64) {
	b, c, h = b[:len(a)], c[:len(a)], h[:len(a)]
	for i, code := range a {
		v := h[i]
		bTable[int(code)*bColumns+int(b[i])] += v
		cTable[int(code)*cColumns+int(c[i])] += v
	}
}

// scatterRowsScalar adds row i of hz to the table's row codes[i]; rows are a multiple of four long.
func scatterRowsScalar(codes []uint16, hz, table []float64, columns int) {
	for i, code := range codes {
		from, to := hz[i*columns:][:columns], table[int(code)*columns:][:columns]
		for len(from) >= 4 && len(to) >= 4 {
			to[0] += from[0]
			to[1] += from[1]
			to[2] += from[2]
			to[3] += from[3]
			from, to = from[4:], to[4:]
		}
	}
}

// products8x8Scalar writes the products of the first wanted of eight rows, laid out k by k, with the first columns rows of
// a, which are so many elements apart. Every product is a sum over k in order.
func products8x8Scalar(rows, a []float64, apart, wanted, columns int, s *[tileSide]lanes) {
	m := len(rows) / tileSide
	for c := 0; c < columns; c += 2 {
		p, q := a[c*apart:][:m], a[(c+1)*apart:][:m]
		for r := 0; r < wanted; r += 4 {
			var s00, s01, s10, s11, s20, s21, s30, s31 float64
			for k, x := range p {
				y, v := q[k], rows[k*tileSide+r:][:4]
				s00 += float64(v[0] * x)
				s01 += float64(v[0] * y)
				s10 += float64(v[1] * x)
				s11 += float64(v[1] * y)
				s20 += float64(v[2] * x)
				s21 += float64(v[2] * y)
				s30 += float64(v[3] * x)
				s31 += float64(v[3] * y)
			}
			s[c][r], s[c][r+1], s[c][r+2], s[c][r+3] = s00, s10, s20, s30
			s[c+1][r], s[c+1][r+1], s[c+1][r+2], s[c+1][r+3] = s01, s11, s21, s31
		}
	}
}
