package delivery

import (
	"slices"
	"strings"
)

// StatusBook says what statuses are called and mean. Not for several goroutines.
type StatusBook struct {
	Known   Dictionaries
	Names   map[string]string // of statuses that no dictionary has, by key
	Meaning *Meaning
}

// At describes a status that so many issues at places are or were in, as it is where
// most of them are and by what it means at an instant.
func (b *StatusBook) At(key string, issues map[Place]int, at Instant) StatusTime {
	if strings.HasPrefix(key, TagMark) {
		return StatusTime{Key: key, Name: key}
	}
	return NameStatus(key, b.Names[key], Home(issues), b.Known, b.Meaning, at)
}

// blockedWords tell by its key or name that issues in a status wait for something
// outside, whatever its class.
var blockedWords = []string{"block", "hold", "impediment", "suspend", "need info", "needinfo", "приостан", "блок", "ожидан"}

// Blocks reports whether issues of a connection are blocked in a status: the source
// says that it is paused, or its key or name does.
func (b *StatusBook) Blocks(connection, key string) bool {
	d := b.Known[connection][key]
	if d.Type == "paused" {
		return true
	}
	text := strings.ToLower(key + "\n" + d.Name)
	if d.Name == "" {
		text = strings.ToLower(key + "\n" + b.Names[key])
	}
	return slices.ContainsFunc(blockedWords, func(word string) bool { return strings.Contains(text, word) })
}

// statusSums gathers a length of time for each issue and status, by where it is.
type statusSums struct {
	at      map[Place]map[string]*statusSum
	visited []*statusSum // by the issue being read
}

// statusSum is what is gathered of a status at a place.
type statusSum struct {
	seconds []int64 // per issue
	others  int     // issues that are in it, without a time
	millis  int64   // of the issue being read
	visited bool    // by the issue being read
}

func newStatusSums() *statusSums { return &statusSums{at: map[Place]map[string]*statusSum{}} }

// place are the sums of statuses at a place.
func (s *statusSums) place(p Place) map[string]*statusSum {
	here := s.at[p]
	if here == nil {
		here = map[string]*statusSum{}
		s.at[p] = here
	}
	return here
}

// visit is the sum, of those of its place, of a status that the issue being read was in.
func (s *statusSums) visit(here map[string]*statusSum, key string) *statusSum {
	sum := here[key]
	if sum == nil {
		sum = &statusSum{}
		here[key] = sum
	}
	if !sum.visited {
		sum.visited = true
		s.visited = append(s.visited, sum)
	}
	return sum
}

// be counts an issue that is in a status, without a time.
func (s *statusSums) be(p Place, key string) {
	here := s.place(p)
	if here[key] == nil {
		here[key] = &statusSum{}
	}
	here[key].others++
}

// next ends the issue being read.
func (s *statusSums) next() {
	for _, sum := range s.visited {
		sum.seconds = append(sum.seconds, sum.millis/msPerSecond)
		sum.millis, sum.visited = 0, false
	}
	s.visited = s.visited[:0]
}

// times are the statuses that there is anything of, in workflow order.
func (s *statusSums) times(b *StatusBook, at Instant) []StatusTime {
	issues, seconds := map[string]map[Place]int{}, map[string][]int64{}
	for p, here := range s.at {
		for key, sum := range here {
			n := len(sum.seconds) + sum.others
			if n == 0 {
				continue
			}
			if issues[key] == nil {
				issues[key] = map[Place]int{}
			}
			issues[key][p] = n
			seconds[key] = append(seconds[key], sum.seconds...)
		}
	}
	var out []StatusTime
	for key, places := range issues {
		t := b.At(key, places, at)
		t.Percentiles = PercentilesOf(seconds[key])
		out = append(out, t)
	}
	SortStatuses(out)
	return out
}
