package logit

import "math"

// Cholesky factorisation A = LL', after Golub and Van Loan, Matrix Computations (4th ed.), section 4.2.
//
// Matrices are square, row after row, and only the lower triangle is read or written. Every inner loop is a product of
// two rows, which lie in memory as they are walked. Columns are taken panelColumns at a time: first each row's products
// with the panel's rows over the columns before it, four rows by two at a time, then the panel's own small factorisation.

const panelColumns = 32

// factor overwrites a with L. Its first lead rows and columns must form a diagonal matrix. It reports false, leaving a
// half done, if a pivot is not above tiny times its diagonal element: A is then not safely positive definite.
func factor(a []float64, n, lead int, tiny float64) bool {
	limits := make([]float64, n)
	for i := range limits {
		limits[i] = tiny * a[i*n+i]
		if !(a[i*n+i] > 0) {
			return false
		}
	}
	roots := make([]float64, lead)
	for j := range roots {
		roots[j] = math.Sqrt(a[j*n+j])
		a[j*n+j] = roots[j]
	}
	for i := lead; i < n; i++ {
		for j, root := range roots {
			a[i*n+j] /= root
		}
	}
	for j := lead; j < n; j += panelColumns {
		w := min(panelColumns, n-j)
		subtractProducts(a, n, j, w)
		if !factorPanel(a, n, j, w, limits) {
			return false
		}
	}
	return true
}

// subtractProducts takes Σ_{k<j} L[i,k]·L[c,k] from A[i,c], for the panel's columns c and every row i ≥ c.
func subtractProducts(a []float64, n, j, w int) {
	if j == 0 {
		return
	}
	subtractScalar(a, n, j, w, subtractTiles(a, n, j, w))
}

// subtractScalar is subtractProducts from row i on.
func subtractScalar(a []float64, n, j, w, i int) {
	for ; i+4 <= n; i += 4 {
		r0, r1, r2, r3 := a[i*n:][:j], a[(i+1)*n:][:j], a[(i+2)*n:][:j], a[(i+3)*n:][:j]
		c := j
		for ; c+2 <= j+w; c += 2 {
			s := products4x2(r0, r1, r2, r3, a[c*n:][:j], a[(c+1)*n:][:j])
			// Elements above the diagonal are written too; nobody reads them.
			for k := range 4 {
				a[(i+k)*n+c] -= s[2*k]
				a[(i+k)*n+c+1] -= s[2*k+1]
			}
		}
		for ; c < j+w; c++ {
			column := a[c*n:][:j]
			a[i*n+c] -= dot(r0, column)
			a[(i+1)*n+c] -= dot(r1, column)
			a[(i+2)*n+c] -= dot(r2, column)
			a[(i+3)*n+c] -= dot(r3, column)
		}
	}
	for ; i < n; i++ {
		for c := j; c < min(j+w, i+1); c++ {
			a[i*n+c] -= dot(a[i*n:][:j], a[c*n:][:j])
		}
	}
}

// products4x2 is the eight products of four rows with two.
func products4x2(r0, r1, r2, r3, c0, c1 []float64) (s [8]float64) {
	r1, r2, r3, c0, c1 = r1[:len(r0)], r2[:len(r0)], r3[:len(r0)], c0[:len(r0)], c1[:len(r0)]
	var s00, s01, s10, s11, s20, s21, s30, s31 float64
	for k, x := range r0 {
		p, q := c0[k], c1[k]
		s00 += float64(x * p)
		s01 += float64(x * q)
		x = r1[k]
		s10 += float64(x * p)
		s11 += float64(x * q)
		x = r2[k]
		s20 += float64(x * p)
		s21 += float64(x * q)
		x = r3[k]
		s30 += float64(x * p)
		s31 += float64(x * q)
	}
	return [8]float64{s00, s01, s10, s11, s20, s21, s30, s31}
}

// factorPanel finishes columns j to j+w, from which the products with the columns before have been taken.
func factorPanel(a []float64, n, j, w int, limits []float64) bool {
	for i := j; i < j+w; i++ {
		row := a[i*n+j:][:w]
		for c := range i - j {
			other := a[(j+c)*n+j:][:c+1]
			row[c] = (row[c] - dot(other[:c], row)) / other[c]
		}
		pivot := row[i-j] - dot(row[:i-j], row)
		if !(pivot > limits[i]) {
			return false
		}
		row[i-j] = math.Sqrt(pivot)
	}
	i := j + w
	for ; i+4 <= n; i += 4 {
		divide4(a[j*n+j:], n, a[i*n+j:][:w], a[(i+1)*n+j:][:w], a[(i+2)*n+j:][:w], a[(i+3)*n+j:][:w])
	}
	for ; i < n; i++ {
		solveLower(a[j*n+j:], n, a[i*n+j:][:w])
	}
	return true
}

// divide4 is solveLower of four rows.
func divide4(l []float64, n int, r0, r1, r2, r3 []float64) {
	r1, r2, r3 = r1[:len(r0)], r2[:len(r0)], r3[:len(r0)]
	for c := range r0 {
		s0, s1, s2, s3 := r0[c], r1[c], r2[c], r3[c]
		for k, x := range l[c*n:][:c] {
			s0 -= float64(x * r0[k])
			s1 -= float64(x * r1[k])
			s2 -= float64(x * r2[k])
			s3 -= float64(x * r3[k])
		}
		d := l[c*n+c]
		r0[c], r1[c], r2[c], r3[c] = s0/d, s1/d, s2/d, s3/d
	}
}

// solveLower overwrites x with L⁻¹x, L being the first len(x) rows of l, which lie n apart.
func solveLower(l []float64, n int, x []float64) {
	for i := range x {
		row := l[i*n:][:i+1]
		x[i] = (x[i] - dot(row[:i], x)) / row[i]
	}
}

// solveUpper overwrites x with L⁻ᵀx, L as for solveLower.
func solveUpper(l []float64, n int, x []float64) {
	for i := len(x) - 1; i >= 0; i-- {
		row := l[i*n:][:i+1]
		x[i] /= row[i]
		axpy(-x[i], row[:i], x)
	}
}

// inverseDiagonal returns of A⁻¹ the diagonal, Σᵢ (L⁻¹)ᵢⱼ², and the elements (j, j−1), Σᵢ (L⁻¹)ᵢⱼ(L⁻¹)ᵢ,ⱼ₋₁, given L, of
// which the first lead rows are diagonal.
func inverseDiagonal(l []float64, n, lead int) (diagonal, beside []float64) {
	inverse := make([]float64, n*n)
	diagonal, beside = make([]float64, n), make([]float64, n)
	for from := 0; from < n; from += 4 {
		k := 0
		if from+4 <= n { // four rows together, as far as the rows of L⁻¹ before them go
			k = min(lead, from)
			for i := from; i < from+4; i++ {
				invertLead(l, inverse, n, i, 0, k)
			}
			for ; k+4 <= from; k += 4 {
				axpy4x4(l[from*n+k:], inverse[k*n:], inverse[from*n:], n, k+4)
			}
		}
		for i := from; i < min(from+4, n); i++ {
			invertRow(l, inverse, n, lead, i, k)
			to := inverse[i*n:][:i+1]
			addSquares(to, diagonal)
			for j := 1; j <= i; j++ {
				beside[j] += float64(to[j] * to[j-1])
			}
		}
	}
	return diagonal, beside
}

// invertRow makes row i of L⁻¹, of which the columns of L before k have been taken.
func invertRow(l, inverse []float64, n, lead, i, k int) {
	row, to := l[i*n:][:i+1], inverse[i*n:][:i+1]
	if end := min(lead, i); k < end {
		invertLead(l, inverse, n, i, k, end)
		k = end
	}
	for ; k+4 <= i; k += 4 {
		axpy4(row[k:k+4], inverse[k*n:], inverse[(k+1)*n:], inverse[(k+2)*n:], inverse[(k+3)*n:], to[:k+4])
	}
	for ; k < i; k++ {
		axpy(row[k], inverse[k*n:][:k+1], to)
	}
	scale := -1 / row[i]
	for j := range i {
		to[j] *= scale
	}
	to[i] = -scale
}

// invertLead takes the columns k to end of L, whose rows are diagonal, for row i of L⁻¹.
func invertLead(l, inverse []float64, n, i, k, end int) {
	for ; k < end; k++ {
		inverse[i*n+k] = float64(l[i*n+k] * inverse[k*n+k])
	}
}

// axpyScalar adds a·x to y.
func axpyScalar(a float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(a * v)
	}
}

// axpy4Scalar adds Σ aₖ·xₖ to y. The rows are zero beyond their diagonal.
func axpy4Scalar(a, x0, x1, x2, x3, y []float64) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	x0, x1, x2, x3 = x0[:len(y)], x1[:len(y)], x2[:len(y)], x3[:len(y)]
	for i := range y {
		y[i] += (float64(a0*x0[i]) + float64(a1*x1[i])) + (float64(a2*x2[i]) + float64(a3*x3[i]))
	}
}

// axpy4x4Scalar is axpy4Scalar of four y, with four a each. Rows of a, x and y are so many elements apart, and n long.
func axpy4x4Scalar(a, x, y []float64, apart, n int) {
	for r := range 4 {
		axpy4Scalar(a[r*apart:][:4], x, x[apart:], x[2*apart:], x[3*apart:], y[r*apart:][:n])
	}
}

// addSquares adds the squares of x to y.
func addSquares(x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += float64(v * v)
	}
}
