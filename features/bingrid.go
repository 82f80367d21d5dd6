package features

// BinGrid finds the bins of many numbers faster than BinOf: cells of equal width over the span of the edges say with which bin to
// begin. A number's cell does not decrease with the number, not even by rounding, so edges of a lower cell than a
// number's are below it.
type BinGrid struct {
	edges        []float64
	first, scale float64
	start        [gridCells]int32 // the number of edges of lower cells
}

const gridCells = 256

// NewBinGrid makes one of edges in rising order, which it keeps.
func NewBinGrid(edges []float64) *BinGrid {
	g := &BinGrid{edges: edges}
	if n := len(edges); n > 1 && edges[n-1] > edges[0] {
		g.first, g.scale = edges[0], min((gridCells-1)/(edges[n-1]-edges[0]), 1e300)
	}
	for _, edge := range edges {
		for c := g.cell(edge) + 1; c < gridCells; c++ {
			g.start[c]++
		}
	}
	return g
}

// cell returns the cell of a number that is not NaN.
func (g *BinGrid) cell(x float64) int {
	c := (x - g.first) * g.scale
	if c >= gridCells-1 {
		return gridCells - 1
	}
	if c > 0 {
		return int(c)
	}
	return 0 // also where 0 times infinity is NaN: a grid of one cell
}

// Bin is BinOf of the edges.
func (g *BinGrid) Bin(x float64) int32 {
	bin := int(g.start[g.cell(x)])
	if rest := g.edges[bin:]; len(rest) > 8 && rest[8] <= x { // many edges in one cell
		return int32(bin + BinOf(rest, x))
	}
	for bin < len(g.edges) && g.edges[bin] <= x {
		bin++
	}
	return int32(bin)
}
