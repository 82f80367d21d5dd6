package model

import (
	"errors"
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// ErrNoPolicy says that a model has no money to reckon with: it was trained without a policy, or without a profit.
var ErrNoPolicy = errors.New("the model knows no money: train it on leads with a profit or a revenue (value in leadscore.yaml)")

// NoMoney says why a model has no money to reckon with; nil if it has. The error is ErrNoPolicy.
func (m *Model) NoMoney() error {
	v := &m.document.Value
	switch {
	case m.policy != nil && m.value != nil:
		return nil
	case v.Kind == ValueNone && v.Wins > 0 && v.Mean <= 0:
		return worthless{v.Wins, budget.Currency(v.Currency).Format(v.Mean)}
	}
	return ErrNoPolicy
}

// worthless is ErrNoPolicy of a model of sales that earn nothing.
type worthless struct {
	sales int
	mean  string
}

func (e worthless) Error() string {
	return fmt.Sprintf("the %s sales that the model was trained on brought %s each in the mean: no lead is worth a price", budget.Count(e.sales), e.mean)
}

func (e worthless) Is(target error) bool { return target == ErrNoPolicy }
