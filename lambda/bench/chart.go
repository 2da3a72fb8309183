package main

import (
	"fmt"
	"strings"
	"time"
)

// The chart's measures, in pixels.
const (
	chartWidth  = 860
	labelWidth  = 190
	barHeight   = 16
	groupGap    = 22
	chartTop    = 46
	valueMargin = 90
)

// colours are by function, ours first; each can be told from the others by the colour-blind.
var colours = []string{"#0072b2", "#56b4e9", "#009e73", "#e69f00"}

// chart draws the first Create of every function at every memory size, as an SVG.
func (r *report) chart() string {
	var longest time.Duration
	for _, s := range r.coldCreates {
		longest = max(longest, s.median())
	}
	var b strings.Builder
	y := chartTop
	for _, size := range r.memory() {
		fmt.Fprintf(&b, `<text x="12" y="%d" font-weight="bold">%s</text>`+"\n", y-6, sizeName(size))
		for n, f := range r.picked() {
			took := r.coldCreates[createKey{f.name, size, 1}].median()
			width := float64(chartWidth-labelWidth-valueMargin) * ratio(took, longest)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text `+
				`x="%.1f" y="%d">%.0f ms</text>`+"\n",
				labelWidth-8, y+12, f.name, labelWidth, y, width, barHeight-3, colours[n], labelWidth+width+6, y+12, milliseconds(took))
			y += barHeight
		}
		y += groupGap
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d"
font-family="sans-serif" font-size="12">
<title>First Create by memory size</title>
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="12" y="18" font-size="14" font-weight="bold">First Create, %[3]d ms a call: from exec to the answer, waiting left out</text>
%[4]s</svg>
`, chartWidth, y, callLatency.Milliseconds(), b.String())
}
