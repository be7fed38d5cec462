package github

import (
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

// reach are a commit and all that it holds, as far as they were read.
func (t ancestry) reach(sha string) map[string]bool {
	out := map[string]bool{}
	for todo := []string{sha}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n := t[at]; n != nil && !out[at] {
			out[at] = true
			todo = append(todo, n.parents...)
		}
	}
	return out
}

// between is base...head as GitHub would compare them, and false when what was read
// does not say.
func (t ancestry) between(base, head string) (*delivery.CommitRange, bool) {
	if t[base] == nil || t[head] == nil {
		return nil, false
	}
	out := &delivery.CommitRange{Base: base}
	held := t.reach(base)
	if held[head] {
		out.Behind = base != head
		return out, true
	}
	var found []*treeCommit
	seen := map[string]bool{}
	for todo := []string{head}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if held[at] || seen[at] {
			continue
		}
		n := t[at]
		if n == nil { // before what was read: base may hold it, or not
			return nil, false
		}
		seen[at] = true
		found = append(found, n)
		todo = append(todo, n.parents...)
	}
	slices.SortFunc(found, func(a, b *treeCommit) int { return b.order - a.order })
	for _, n := range found {
		if len(out.Commits) == maxRange {
			out.Cut = true
			break
		}
		out.Commits = append(out.Commits, n.commit)
	}
	return out, true
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
