package doraexport

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// poison is what dora-exporter took for the age of a commit that GitHub did not tell
// of: the longest duration of Go, in seconds.
const poison = float64(math.MaxInt64) / 1e9

// maxSnapshotLine bounds a line of a snapshot, in bytes.
const maxSnapshotLine = 1 << 20

// ReadSnapshot reads what dora-exporter has counted: its text exposition, of which
// other families are passed over, and the gauge of the last duration, too, which is
// nothing that was counted. Sums are without the age of 292 years that it gave to
// commits that it could not find, and never negative. Series that come to the same
// labels are added up. The error names the line.
func ReadSnapshot(r io.Reader) ([]Sample, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxSnapshotLine)
	var out []Sample
	at := map[string]int{}
	for n := 1; lines.Scan(); n++ {
		s, ok, err := snapshotLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if !ok {
			continue
		}
		f, _ := familyOf(s.Family)
		key := series(&f, s.Labels)
		if i, ok := at[key]; ok {
			out[i].Value += s.Value
			continue
		}
		at[key] = len(out)
		out = append(out, s)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return out, nil
}

// snapshotLine is false for a line that holds nothing to take over.
func snapshotLine(line string) (s Sample, ok bool, err error) {
	line = strings.TrimSpace(line)
	name, _, _ := strings.Cut(line, "{")
	name, _, _ = strings.Cut(name, " ")
	if f, known := familyOf(name); !known || !f.Rises {
		return Sample{}, false, nil
	}
	end := strings.LastIndexByte(line, '}')
	if end < 0 {
		end = len(name) - 1
	}
	if s, ok = sampleOf(line[:end+1]); !ok {
		return Sample{}, false, fmt.Errorf("the labels of %s cannot be read", name)
	}
	values := strings.Fields(line[end+1:]) // and perhaps a time
	if len(values) == 0 {
		return Sample{}, false, fmt.Errorf("%s has no value", name)
	}
	s.Value, err = strconv.ParseFloat(values[0], 64)
	switch {
	case err != nil:
		return Sample{}, false, fmt.Errorf("the value of %s is no number", name)
	case math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Value < 0:
		s.Value = 0
	case s.Family == durationSum || s.Family == incidentsSum:
		s.Value = math.Mod(s.Value, poison)
	}
	return s, true, nil
}
