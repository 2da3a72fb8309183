package main

import (
	"fmt"
	"strings"
	"time"

	"personalize-role/lambda/internal/sharedpolicy"
)

// gigabyteSecond is the price of a second of 1,024 MB on arm64 in dollars, in the Regions where it is least. See
// https://aws.amazon.com/lambda/pricing/
const gigabyteSecond = 0.0000133334

func (r *report) writeColdCreates(b *strings.Builder) {
	fmt.Fprintf(b, "## First Create\n\n![Time of a first Create](benchmarks.svg)\n\nFrom exec to the answer, one bucket, %d ms a "+
		"call, with the CPU that Lambda gives at a memory size (a quota of\n"+
		"MB/%d of a core in periods of %d ms, by control groups, from the start on). Ours waits %s before it looks at the bucket's\n"+
		"policy again, within the settling; the waiting is left out here.\n\n", callLatency.Milliseconds(), megabytesPerCore,
		period.Milliseconds(), seconds(sharedpolicy.Quiet))
	sizes := r.memory()
	fmt.Fprintf(b, "| Function |")
	for _, size := range sizes {
		fmt.Fprintf(b, " %s |", sizeName(size))
	}
	fmt.Fprintf(b, " ms on a core | peak RSS in MiB |\n|---|%s---:|---:|\n", strings.Repeat("---:|", len(sizes)))
	for _, f := range r.picked() {
		fmt.Fprintf(b, "| %s |", f.name)
		for _, size := range sizes {
			took, ours := r.coldCreates[createKey{f.name, size, 1}].median(), r.coldCreates[createKey{r.ours.name, size, 1}].median()
			if f.name == r.ours.name {
				fmt.Fprintf(b, " %.0f ms |", milliseconds(took))
				continue
			}
			fmt.Fprintf(b, " %.0f ms, %.1f x |", milliseconds(took), ratio(took, ours))
		}
		fmt.Fprintf(b, " %.1f | %.1f |\n", milliseconds(r.cpus[f.name].median()), float64(r.peaks[f.name])/(1<<20))
	}
	r.writeMemory(b, sizes)
}

func sizeName(megabytes int) string {
	if megabytes == 0 {
		return "a whole machine"
	}
	return fmt.Sprintf("%d MB", megabytes)
}

// writeMemory says what the template's memory size is picked by.
func (r *report) writeMemory(b *strings.Builder, sizes []int) {
	if r.unconfined {
		return
	}
	const settle = 15 * time.Second
	fmt.Fprintf(b, "\nWhat decides the template's memory size, 256 MB: half of that makes a person wait noticeably longer where "+
		"nothing settles, twice\n"+
		"that gains little, and no size costs anything to speak of. Settling takes %s by default and includes the work.\n\n"+
		"| Memory | work in ms | gain over the size before | with settling in s | dollars for 1,000 Creates |\n|---:|---:|---:|---:|---:|\n",
		seconds(settle))
	var before time.Duration
	for _, size := range sizes {
		took := r.coldCreates[createKey{r.ours.name, size, 1}].median()
		gain := "-"
		if before > 0 {
			gain = fmt.Sprintf("%.0f ms", milliseconds(before-took))
		}
		whole := settle + took
		fmt.Fprintf(b, "| %d MB | %.0f | %s | %.1f | %.3f |\n", size, milliseconds(took), gain, whole.Seconds(),
			1000*whole.Seconds()*float64(size)/1024*gigabyteSecond)
		before = took
	}
	b.WriteString("\n")
}

// writeBuckets says how a first Create grows with its buckets.
func (r *report) writeBuckets(b *strings.Builder) {
	fmt.Fprintf(b, "The same with more buckets, and as multiples of one. Buckets are hosts of their own in AWS, and share one here: "+
		"up to 64\n"+
		"connections, on which a peer that makes one call after the other has one.\n\n"+
		"| Function | Memory |")
	for _, count := range counts {
		fmt.Fprintf(b, " %s |", buckets(count))
	}
	fmt.Fprintf(b, "\n|---|---:|%s\n", strings.Repeat("---:|", len(counts)))
	for _, f := range []function{r.ours, r.serial} {
		for _, size := range r.memory() {
			fmt.Fprintf(b, "| %s | %s |", f.name, sizeName(size))
			one := r.coldCreates[createKey{f.name, size, 1}].median()
			for _, count := range counts {
				took := r.coldCreates[createKey{f.name, size, count}].median()
				fmt.Fprintf(b, " %.0f ms, %.1f x |", milliseconds(took), ratio(took, one))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
}
