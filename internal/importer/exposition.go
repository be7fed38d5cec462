package importer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sample is a line of Prometheus' text format.
type sample struct {
	line   int
	name   string
	labels map[string]string
	value  float64
}

// maxSamples bounds a snapshot, far above what anybody has.
const maxSamples = 200_000

// parseExposition reads Prometheus' text format: samples with their labels, without
// comments and times.
func parseExposition(data []byte) ([]sample, []Problem) {
	if !utf8.Valid(data) {
		return nil, []Problem{{0, "not a text"}}
	}
	var out []sample
	var problems []Problem
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		s, fault := parseSample(text)
		switch {
		case fault != "":
			problems = append(problems, Problem{n, fault})
		case len(out) == maxSamples:
			return nil, []Problem{{n, fmt.Sprintf("more than %d samples", maxSamples)}}
		default:
			s.line = n
			out = append(out, s)
		}
		if len(problems) > 20 {
			return nil, append(problems, Problem{0, "not a snapshot of dora-exporter"})
		}
	}
	return out, problems
}

func nameEnd(text string) int {
	for i := range len(text) {
		c := text[i]
		if c != '_' && c != ':' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(text)
}

// parseSample reads name{label="value",…} value [time].
func parseSample(text string) (s sample, fault string) {
	end := nameEnd(text)
	if end == 0 {
		return s, "not a sample: no name"
	}
	s.name, text = text[:end], strings.TrimLeft(text[end:], " \t")
	s.labels = map[string]string{}
	if rest, ok := strings.CutPrefix(text, "{"); ok {
		if text, fault = s.readLabels(rest); fault != "" {
			return s, fault
		}
	}
	fields := strings.Fields(text)
	if len(fields) < 1 || len(fields) > 2 {
		return s, "not a sample: no value"
	}
	var err error
	if s.value, err = strconv.ParseFloat(fields[0], 64); err != nil && !math.IsInf(s.value, 0) {
		return s, "not a sample: the value is no number"
	}
	return s, ""
}

// readLabels reads up to the closing brace, and returns what follows.
func (s *sample) readLabels(text string) (rest, fault string) {
	const broken = "not a sample: broken labels"
	text = strings.TrimLeft(text, " \t")
	for !strings.HasPrefix(text, "}") {
		end := nameEnd(text)
		name := text[:end]
		after, ok := strings.CutPrefix(strings.TrimLeft(text[end:], " \t"), "=")
		if !ok || name == "" {
			return "", broken
		}
		value, after, ok := quotedValue(strings.TrimLeft(after, " \t"))
		if !ok {
			return "", broken
		}
		s.labels[name] = value
		text = strings.TrimLeft(after, " \t")
		if after, ok := strings.CutPrefix(text, ","); ok {
			text = strings.TrimLeft(after, " \t")
		} else if !strings.HasPrefix(text, "}") {
			return "", broken
		}
	}
	return text[1:], ""
}

// quotedValue reads a value in quotes, and returns what follows.
func quotedValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			return b.String(), text[i+1:], true
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case '\\', '"':
				b.WriteByte(text[i])
			default:
				b.WriteByte('\\')
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
