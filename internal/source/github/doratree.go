package github

import (
	"container/heap"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// ancestry is the commits of a branch as far as they were read, by sha.
type ancestry map[string]*treeCommit

type treeCommit struct {
	commit  delivery.Commit
	parents []string
	order   int  // the later it was made, the smaller
	direct  bool // no pull request brought it
}

func (t ancestry) add(c delivery.Commit, direct bool, parents []string) {
	if t[c.SHA] == nil {
		t[c.SHA] = &treeCommit{commit: c, order: len(t), direct: direct, parents: parents}
	}
}

// ofBase and ofHead say which of two commits hold another one.
const (
	ofBase = 1 << iota
	ofHead
)

// between is base...head as GitHub would compare them, and false when what was read
// does not say.
func (t ancestry) between(base, head string) (*delivery.CommitRange, bool) {
	if t[base] == nil || t[head] == nil {
		return nil, false
	}
	w := walk{tree: t, held: map[string]int{}}
	w.reach(base, ofBase)
	w.reach(head, ofHead)
	out := &delivery.CommitRange{Base: base}
	var found []delivery.Commit
	for w.undecided > 0 {
		at := heap.Pop(&w.queue).(place)
		held := w.held[at.sha]
		if held == ofHead {
			w.undecided--
			found = append(found, t[at.sha].commit)
		}
		if at.sha == head && held&ofBase != 0 {
			break
		}
		for _, parent := range t[at.sha].parents {
			n := t[parent]
			switch {
			case n == nil && held == ofHead: // before what was read: base may hold it, or not
				return nil, false
			case n != nil && n.order <= at.order: // clocks went wrong: this walk does not do
				return nil, false
			case n != nil:
				w.reach(parent, held)
			}
		}
	}
	out.Behind = base != head && w.held[head]&ofBase != 0
	slices.Reverse(found)
	out.Commits, out.Cut = found[:min(len(found), maxRange)], len(found) > maxRange
	return out, true
}

// walk goes back from two commits, the latest first, so that what holds a commit is
// known when its turn comes.
type walk struct {
	tree      ancestry
	queue     places
	held      map[string]int
	undecided int // in the queue, that base is not known to hold
}

// reach notes that a commit is held.
func (w *walk) reach(sha string, by int) {
	before := w.held[sha]
	after := before | by
	w.held[sha] = after
	switch {
	case before == 0:
		heap.Push(&w.queue, place{w.tree[sha].order, sha})
		if after == ofHead {
			w.undecided++
		}
	case before == ofHead && after != ofHead:
		w.undecided--
	}
}

// place is that of a commit in the history of its branch.
type place struct {
	order int
	sha   string
}

// places are a heap, the latest commit first.
type places []place

func (p places) Len() int           { return len(p) }
func (p places) Less(i, j int) bool { return p[i].order < p[j].order }
func (p places) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *places) Push(x any)        { *p = append(*p, x.(place)) }

func (p *places) Pop() any {
	last := len(*p) - 1
	x := (*p)[last]
	*p = (*p)[:last]
	return x
}

// maxRange is how many commits of a range are kept.
const maxRange = 2000

var (
	endsNumbered  = regexp.MustCompile(`\(#(\d{1,9})\)`)
	mergeNumbered = regexp.MustCompile(`^Merge pull request #(\d{1,9})\b`)
)

// numbered is the pull request that a commit's message says it is of: the last (#n)
// of the first line, which others before it are quoted in; 0 for none.
func numbered(message string) int64 {
	line := firstLine(message)
	found := mergeNumbered.FindStringSubmatch(line)
	if found == nil {
		if all := endsNumbered.FindAllStringSubmatch(line, -1); len(all) > 0 {
			found = all[len(all)-1]
		}
	}
	if found == nil {
		return 0
	}
	n, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func firstLine(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	return strings.TrimSpace(line)
}
