package main

import "time"

// zoned writes an instant in a zone such as Z or +02:00.
func zoned(micros int64, zone string) string {
	at, err := time.Parse("Z07:00", zone)
	if err != nil {
		panic(err)
	}
	return time.UnixMicro(micros).In(at.Location()).Format(time.RFC3339Nano)
}
