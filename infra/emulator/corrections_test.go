//go:build emulator

package emulator

import (
	"context"
	"io"
	"testing"
)

// correction is one place where the emulator answers otherwise than AWS does.
type correction struct {
	name string
	// page is what AWS says of it.
	page string
	// probe returns an error if the emulator answers otherwise.
	probe func(context.Context, *Emulator) error
}

// Each correction works, and is needed: without it the emulator answers otherwise than AWS. One that is no longer needed is to be
// deleted.
func TestCorrections(t *testing.T) {
	right, wrong := started(t, corrected), started(t, uncorrected)
	for _, corrections := range [][]correction{iamCorrections, cloudFormationCorrections, kmsCorrections, lambdaCorrections, s3Corrections} {
		for _, c := range corrections {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				if err := c.probe(t.Context(), right); err != nil {
					t.Errorf("the emulator doesn't answer as %s says: %v", c.page, err)
				}
				if c.probe(t.Context(), wrong) == nil {
					t.Error("the emulator answers so without the correction: delete it")
				}
			})
		}
	}
}

func started(t *testing.T, run program) *Emulator {
	t.Helper()
	e, err := start(t.Context(), run, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}
