package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"personalize-role/lambda/internal/sharedpolicy"
)

type createKey struct {
	function         string
	megabytes, count int
}

type depthKey struct {
	function, step string
	count          int
}

// report collects what is measured.
type report struct {
	*bench
	coldStarts  map[string]series
	coldCreates map[createKey]series
	// cpus and peaks are the time on a core and the largest resident set of a first Create with one bucket.
	cpus   map[string]series
	peaks  map[string]int64
	depths map[depthKey]series
}

func newReport(b *bench) *report {
	return &report{
		bench: b, coldStarts: map[string]series{}, coldCreates: map[createKey]series{}, cpus: map[string]series{}, peaks: map[string]int64{},
		depths: map[depthKey]series{},
	}
}

func (r *report) addColdStart(function string, took time.Duration) {
	r.coldStarts[function] = append(r.coldStarts[function], took)
}

func (r *report) addColdCreate(key createKey, took, cpu time.Duration, peak int64) {
	r.coldCreates[key] = append(r.coldCreates[key], took)
	if key.count == 1 {
		r.cpus[key.function] = append(r.cpus[key.function], cpu)
		r.peaks[key.function] = max(r.peaks[key.function], peak)
	}
}

func (r *report) addDepth(function, step string, count int, took time.Duration) {
	key := depthKey{function, step, count}
	r.depths[key] = append(r.depths[key], took)
}

// write writes the page and its chart.
func (r *report) write() error {
	text, err := r.text()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.docs, "benchmarks.svg"), []byte(r.chart()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.docs, "benchmarks.md"), []byte(text), 0o644)
}

func (r *report) text() (string, error) {
	growth, err := exec.Command("go", "test", "-run", "^$", "-bench", ".", "-benchtime", "0.3s", "./lambda/internal/policy",
		"./lambda/internal/plan").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("run the Go benchmarks: %w\n%s", err, growth)
	}
	calls, err := os.ReadFile("lambda/internal/handler/testdata/calls.md")
	if err != nil {
		return "", err
	}
	attempts, err := os.ReadFile("lambda/bench/attempts.md")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	commit, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("find the commit that is measured: %w", err)
	}
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `make bench` on %s at commit %s: %s, %d cores, medians of %d rounds, all functions in\n"+
		"turns in every round. "+
		"AWS is served on loopback over TLS, with certificates of RSA keys as AWS's; each call takes as long as a table\n"+
		"says. No figure is of AWS itself.\n\n",
		time.Now().Format("2006-01-02"), bytes.TrimSpace(commit), processor(), runtime.NumCPU(), r.rounds)
	r.writeFunctions(&b)
	if len(r.coldStarts) > 0 {
		r.writeColdStarts(&b)
	}
	if len(r.cpus) > 0 {
		r.writeColdCreates(&b)
	}
	if r.only == "" || r.only == "buckets" {
		r.writeBuckets(&b)
	}
	if len(r.depths) > 0 {
		r.writeDepth(&b)
		r.writeComparison(&b)
	}
	fmt.Fprintf(&b, "## Calls\n\nOf a role with full access and one managed policy of its own; a test holds the table to what is "+
		"called. Before an event changes\n"+
		"anything it reads all that it may change, once; a bucket or key whose policy was written is read once more, %s later.\n"+
		"CloudFormation is asked whether the event is still wanted: before writing, and after.\n\n%s\n", seconds(sharedpolicy.Quiet), calls)
	fmt.Fprintf(&b, "## Growth\n\nThe planner, and the merging of a statement into a policy, far beyond what the services take: "+
		"linear.\n\n```\n%s```\n\n", benchmarks(growth))
	b.Write(attempts)
	return b.String(), nil
}

// benchmarks picks the lines of results.
func benchmarks(output []byte) string {
	var lines []string
	for line := range bytes.Lines(output) {
		if bytes.HasPrefix(line, []byte("Benchmark")) {
			lines = append(lines, string(line))
		}
	}
	return strings.Join(lines, "")
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	_, rest, _ := strings.Cut(string(info), "model name")
	name, _, _ := strings.Cut(strings.TrimLeft(rest, "\t :"), "\n")
	return name
}

func (r *report) writeFunctions(b *strings.Builder) {
	fmt.Fprintf(b, "| Function | Made of |\n|---|---|\n")
	for _, f := range append(r.picked(), r.nothing) {
		fmt.Fprintf(b, "| %s | %s |\n", f.name, f.versions)
	}
	fmt.Fprintf(b, "\nThe others make the same role, policies and bucket statements, one call after the other, on the real runtime "+
		"clients of Lambda. They\n"+
		"don't look at what is there already, don't verify, and lose statements where two of them meet.\n\n")
}

func (r *report) writeColdStarts(b *strings.Builder) {
	limit, ours := r.coldStarts[r.nothing.name].median(), r.coldStarts[r.ours.name].median()
	fmt.Fprintf(b, "## Cold start\n\nFrom exec to the first question for an event.\n\n| Function | ms | to the limit | to ours "+
		"|\n|---|---:|---:|---:|\n")
	for _, f := range append([]function{r.nothing}, r.picked()...) {
		took := r.coldStarts[f.name].median()
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %.1f |\n", f.name, milliseconds(took), ratio(took, limit), ratio(took, ours))
	}
	fmt.Fprintf(b, "\nThe zip has %.2f MB for arm64 and %.2f MB for x86_64.\n\n", megabytes(r.zips["arm64"]), megabytes(r.zips["amd64"]))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

func megabytes(n int64) float64 { return float64(n) / 1e6 }

func (r *report) writeDepth(b *strings.Builder) {
	fmt.Fprintf(b, "## Depth\n\nA warm function, %d ms a call, from the event to the answer. The limit is the number of calls that "+
		"have to come one after the other\n"+
		"([why](adr/0010-dependencies.md)), times the latency; the waiting for %s before policies are looked at again is left\n"+
		"out of both.\n\n| Event | calls in a row | limit in ms |", depthLatency.Milliseconds(), seconds(sharedpolicy.Quiet))
	for _, count := range counts {
		fmt.Fprintf(b, " %s |", buckets(count))
	}
	fmt.Fprintf(b, "\n|---|---:|---:|%s\n", strings.Repeat("---:|", len(counts)))
	for _, s := range life {
		limit := time.Duration(s.calls) * depthLatency
		fmt.Fprintf(b, "| %s | %d | %.0f |", s.name, s.calls, milliseconds(limit))
		for _, count := range counts {
			took := r.depths[depthKey{r.ours.name, s.name, count}].median()
			fmt.Fprintf(b, " %.0f ms, %.2f x |", milliseconds(took), ratio(took, limit))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

func buckets(count int) string {
	if count == 1 {
		return "1 bucket"
	}
	return fmt.Sprintf("%d buckets", count)
}

// writeComparison says how many times as long the others take.
func (r *report) writeComparison(b *strings.Builder) {
	fmt.Fprintf(b, "The same by the others, as multiples of ours:\n\n| Event | Function |")
	for _, count := range counts {
		fmt.Fprintf(b, " %s |", buckets(count))
	}
	fmt.Fprintf(b, "\n|---|---|%s\n", strings.Repeat("---:|", len(counts)))
	for _, s := range life {
		if !s.peers {
			continue
		}
		for _, f := range r.picked()[1:] {
			fmt.Fprintf(b, "| %s | %s |", s.name, f.name)
			for _, count := range counts {
				took, ours := r.depths[depthKey{f.name, s.name, count}].median(), r.depths[depthKey{r.ours.name, s.name, count}].median()
				fmt.Fprintf(b, " %.0f ms, %.1f x |", milliseconds(took), ratio(took, ours))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
}
