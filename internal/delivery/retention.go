package delivery

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KeepFor is how long points of a metric are kept: themselves, and then what their
// hours came to.
type KeepFor struct {
	Prefix      string // of the metrics, "" for all others
	Raw, Hourly time.Duration
}

// Retention is how long points are kept: the longest prefix of a metric says. It has
// one of all others, the last.
type Retention []KeepFor

// How long points are kept unless settings say so.
const (
	DefaultKeepRaw    = 30 * 24 * time.Hour
	DefaultKeepHourly = 400 * 24 * time.Hour

	maxKeep     = 36600 * 24 * time.Hour
	maxPrefixes = 100
)

// DefaultRetention keeps raw points for 30 days and their hours for 400.
func DefaultRetention() Retention { return Retention{{"", DefaultKeepRaw, DefaultKeepHourly}} }

// ParseRetention reads items such as "raw 30d", "hourly 400d" and
// "ci.* raw 7d hourly 90d": of all metrics, or of those that begin with what is before
// the star. What an item does not say is as of all others.
func ParseRetention(items []string) (Retention, error) {
	all := KeepFor{"", DefaultKeepRaw, DefaultKeepHourly}
	var rules Retention
	for _, item := range items {
		rule, err := parseKeepFor(item)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", item, err)
		}
		if rule.Prefix == "" {
			rule.fill(all)
			all = rule
			continue
		}
		if slices.ContainsFunc(rules, func(other KeepFor) bool { return other.Prefix == rule.Prefix }) {
			return nil, fmt.Errorf("%s* is there twice", rule.Prefix)
		}
		rules = append(rules, rule)
	}
	if len(rules) > maxPrefixes {
		return nil, fmt.Errorf("more than %d prefixes", maxPrefixes)
	}
	for i := range rules {
		rules[i].fill(all)
	}
	slices.SortFunc(rules, func(a, b KeepFor) int { return len(b.Prefix) - len(a.Prefix) })
	rules = append(rules, all)
	for _, rule := range rules {
		if rule.Hourly < rule.Raw {
			return nil, errors.New("hourly is shorter than raw: " + rule.name())
		}
	}
	return rules, nil
}

func (k *KeepFor) name() string {
	if k.Prefix == "" {
		return "of all metrics"
	}
	return k.Prefix + "*"
}

func (k *KeepFor) fill(from KeepFor) {
	if k.Raw == 0 {
		k.Raw = from.Raw
	}
	if k.Hourly == 0 {
		k.Hourly = max(from.Hourly, k.Raw)
	}
}

func parseKeepFor(item string) (k KeepFor, err error) {
	words := strings.Fields(item)
	if len(words) > 0 && strings.HasSuffix(words[0], "*") {
		k.Prefix = strings.TrimSuffix(words[0], "*")
		words = words[1:]
	}
	if len(words) == 0 || len(words)%2 != 0 {
		return k, errors.New("not like: raw 30d hourly 400d, or ci.* raw 7d")
	}
	for i := 0; i < len(words); i += 2 {
		d, err := parseKeep(words[i+1])
		if err != nil {
			return k, err
		}
		switch {
		case words[i] == "raw" && k.Raw == 0:
			k.Raw = d
		case words[i] == "hourly" && k.Hourly == 0:
			k.Hourly = d
		default:
			return k, fmt.Errorf("%s is neither raw nor hourly, or there twice", quote(words[i]))
		}
	}
	return k, nil
}

func parseKeep(s string) (time.Duration, error) {
	units := map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "m": 30 * 24 * time.Hour}
	unit := units[s[len(s)-1:]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	if err != nil || unit == 0 || n == 0 || time.Duration(n)*unit > maxKeep {
		return 0, fmt.Errorf("%s is not a number of days, weeks or months like 30d, 13w or 12m", quote(s))
	}
	return time.Duration(n) * unit, nil
}

// Of is how long points of a metric are kept.
func (r Retention) Of(metric string) KeepFor { return r[r.Index(metric)] }

// Index is the place of the rule of a metric.
func (r Retention) Index(metric string) int {
	i := slices.IndexFunc(r, func(k KeepFor) bool { return strings.HasPrefix(metric, k.Prefix) })
	return max(i, 0)
}

// Join is what keeps points as long as either does: where both say something of a
// prefix, the longer holds.
func (r Retention) Join(other Retention) Retention {
	var out Retention
	for _, rule := range slices.Concat(r, other) {
		if slices.ContainsFunc(out, func(k KeepFor) bool { return k.Prefix == rule.Prefix }) {
			continue
		}
		a, b := r.Of(rule.Prefix), other.Of(rule.Prefix)
		out = append(out, KeepFor{rule.Prefix, max(a.Raw, b.Raw), max(a.Hourly, b.Hourly)})
	}
	slices.SortStableFunc(out, func(a, b KeepFor) int { return len(b.Prefix) - len(a.Prefix) })
	return out
}
