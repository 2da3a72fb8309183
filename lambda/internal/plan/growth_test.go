package plan

import (
	"fmt"
	"testing"

	"personalize-role/lambda/internal/servicerole"
)

// withBuckets returns the desired state of a role with that many buckets, beyond what a managed policy takes, and an account
// that has them.
func withBuckets(b *testing.B, count int) (servicerole.Desired, servicerole.Observed) {
	d, o := desire(b, typical), empty()
	grant := d.Buckets[0]
	d.Buckets = nil
	for n := range count {
		grant.Name = fmt.Sprintf("data-%d", n)
		d.Buckets = append(d.Buckets, grant)
		o.Buckets[grant.Name] = servicerole.ObservedShared{Presence: servicerole.Present, Policy: foreign}
	}
	return d, o
}

// BenchmarkConverge plans a creation, by the number of buckets.
func BenchmarkConverge(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			d, o := withBuckets(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if todo, err := converge(d, o); err != nil || len(todo.Steps) < n {
					b.Fatal(len(todo.Steps), err)
				}
			}
		})
	}
}

// BenchmarkReplace plans an update that replaces every bucket, by their number.
func BenchmarkReplace(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("buckets=%d", n), func(b *testing.B) {
			d, o := withBuckets(b, n)
			todo, err := converge(d, o)
			if err != nil {
				b.Fatal(err)
			}
			o = todo.After(o)
			for _, grant := range d.Buckets {
				d.Formerly.Buckets = append(d.Formerly.Buckets, grant.Name)
				d.Formerly.Managed = append(d.Formerly.Managed, grant.Name)
			}
			for k := range d.Buckets {
				d.Buckets[k].Name = fmt.Sprintf("other-%d", k)
				o.Buckets[d.Buckets[k].Name] = servicerole.ObservedShared{Presence: servicerole.Present}
			}
			b.ReportAllocs()
			for b.Loop() {
				if todo, err := converge(d, o); err != nil || len(todo.Steps) < n {
					b.Fatal(len(todo.Steps), err)
				}
			}
		})
	}
}
