package logit_test

import (
	"context"
	"fmt"

	"github.com/leadscore/leadscore/model/logit"
)

func ExampleMinimise() {
	// Eight leads: their source (0 web, 1 fair), their size, and whether they bought.
	p := logit.Problem{
		Rows: 8,
		Columns: []logit.Column{
			{Levels: 2, Codes: logit.Codes{U8: []uint8{0, 0, 0, 0, 0, 1, 1, 1}}, Ridge: 1},
			{Numbers: logit.Numbers{F64: []float64{1, 2, 3, 4, 5, 3, 2, 4}}, Center: 3, Scale: 1.25, Ridge: 1},
		},
		Labels: []uint8{0, 0, 0, 0, 1, 1, 0, 1},
	}
	f, err := logit.Minimise(context.Background(), p, logit.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("web %+.3f ± %.3f\n", f.Coefficients[0][0], f.StandardErrors[0][0])
	fmt.Printf("fair %+.3f ± %.3f\n", f.Coefficients[0][1], f.StandardErrors[0][1])
	fmt.Printf("size %+.3f ± %.3f\n", f.Coefficients[1][0], f.StandardErrors[1][0])
	// Output:
	// web -0.517 ± 0.888
	// fair +0.517 ± 0.888
	// size +0.977 ± 0.683
}
