package model

import (
	"time"

	"github.com/leadscore/leadscore/features"
)

// A quarter of a year of 365 days, which what is new is measured over.
const (
	quarter         = 365 * 24 * time.Hour / 4
	monthsOfQuarter = 3
)

// recent returns the leads of the last quarter.
func (x *economist) recent() (rows []int32) {
	since := x.clock.asOf.Add(-quarter).UnixMicro()
	for _, r := range features.AllRows(x.l.table.Rows) {
		if at := x.l.created[r]; at != features.NoTime && at > since && at <= x.out.asOf {
			rows = append(rows, r)
		}
	}
	return rows
}
