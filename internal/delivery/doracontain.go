package delivery

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// How a change is known to be in a deployment. The last two are guesses, and shown
// as such.
const (
	ByRange    = "range"    // the source compared the deployment with the one before
	ByCommits  = "commits"  // they were pushed with it
	ByAncestor = "ancestor" // merged to the branch before what was deployed
	ByTime     = "time"     // merged to the branch before the deployment began
)

// Why a contained change measures nothing.
const (
	ChangeFirst   = "first"   // of the first deployment there
	ChangeSilence = "silence" // of the first one after a long time
)

// changes are those of a service, with what finds them.
type changes struct {
	all      []*Change
	paths    Patterns
	bySHA    map[string]int // of the merge and of its own commits
	byNumber map[int64]int
	byText   map[string]int   // rebased commits keep their author date and message
	merged   []int            // in order of merging
	queues   map[string][]int // those of merged, by base
	base     string           // the branch that most are merged to
	pulls    bool             // pull requests are known at all
}

func newChanges(service *Service, all []Change) *changes {
	c := &changes{paths: service.Paths, bySHA: map[string]int{}, byNumber: map[int64]int{}, byText: map[string]int{}}
	for i := range all {
		if all[i].Number > 0 {
			c.pulls = true
			if at, twice := c.byNumber[all[i].Number]; twice { // by another connection
				both := MergeChange(all[i], *c.all[at])
				c.all[at] = &both
				continue
			}
			c.byNumber[all[i].Number] = len(c.all)
			c.all = append(c.all, &all[i])
		}
	}
	for i := range c.all {
		c.index(i)
	}
	for i := range all {
		if all[i].Number == 0 && c.alone(&all[i]) {
			c.all = append(c.all, &all[i])
			c.index(len(c.all) - 1)
		}
	}
	bases := map[string]int{}
	for _, i := range c.merged {
		change := c.all[i]
		bases[change.Base]++
		// The sha of a merge is nobody else's; a commit may be of several.
		if change.MergeSHA != "" {
			c.bySHA[strings.ToLower(change.MergeSHA)] = i
		}
	}
	most := 0
	for base, n := range bases {
		if n > most || n == most && base < c.base {
			c.base, most = base, n
		}
	}
	c.merged = slices.DeleteFunc(c.merged, func(i int) bool { return !c.ours(c.all[i]) })
	slices.SortFunc(c.merged, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.all[a].MergedAt, c.all[b].MergedAt), cmp.Compare(a, b))
	})
	c.queues = map[string][]int{}
	for _, i := range c.merged {
		c.queues[c.all[i].Base] = append(c.queues[c.all[i].Base], i)
	}
	return c
}

// index makes a change be found.
func (c *changes) index(i int) {
	change := c.all[i]
	if change.MergedAt == 0 {
		return
	}
	c.merged = append(c.merged, i)
	if change.Number == 0 {
		c.bySHA[strings.ToLower(change.ID)] = i
	}
	for _, commit := range change.Commits {
		c.bySHA[strings.ToLower(commit.SHA)] = i
		if change.Number > 0 {
			c.byText[rebased(commit)] = i
		}
	}
}

// alone reports whether a pushed commit is a change of its own: a pull request has
// its commits, whatever else tells of them.
func (c *changes) alone(change *Change) bool {
	commit := Commit{SHA: change.ID, Message: change.Title}
	if len(change.Commits) > 0 {
		commit = change.Commits[0]
	}
	_, direct, _ := c.find(commit)
	return direct
}

func rebased(c Commit) string {
	return strconv.FormatInt(int64(c.AuthoredAt), 10) + " " + firstLine(c.Message)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return strings.TrimSpace(line)
}

// ours reports whether a change is of the service.
func (c *changes) ours(change *Change) bool {
	return len(c.paths) == 0 || slices.ContainsFunc(change.Paths, c.paths.Match)
}

var (
	mergeOf  = regexp.MustCompile(`^Merge pull request #(\d{1,9})\b`)
	squashOf = regexp.MustCompile(`\(#(\d{1,9})\)$`)
	joining  = regexp.MustCompile(`^Merge (remote-tracking )?(branch|tag|commit)\b`)
)

// pullOf is the number of the pull request that a commit's message names as the one
// it merges: the last (#n) of the first line, 0 when there is none.
func pullOf(message string) int64 {
	line := firstLine(message)
	for _, form := range []*regexp.Regexp{mergeOf, squashOf} {
		if m := form.FindStringSubmatch(line); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			return n
		}
	}
	return 0
}

// find is the change that a commit belongs to. Without any, direct says whether the
// commit is a change of its own, and otherwise number is the pull request that is
// not known, 0 of what is no change at all.
func (c *changes) find(commit Commit) (i int, direct bool, number int64) {
	if i, ok := c.bySHA[strings.ToLower(commit.SHA)]; ok {
		return i, false, 0
	}
	if number = pullOf(commit.Message); number > 0 && c.pulls {
		if i, ok := c.byNumber[number]; ok {
			return i, false, 0
		}
		return -1, false, number
	}
	if i, ok := c.byText[rebased(commit)]; ok && commit.AuthoredAt != 0 {
		return i, false, 0
	}
	if joining.MatchString(commit.Message) {
		return -1, false, 0
	}
	return -1, true, 0
}

// container finds out which deployments of one class bring which changes, each
// deployment in its turn.
type container struct {
	*changes
	rules   *DoraRules
	claimed map[int]*rollout // by change, the group that was the first to bring it
	direct  map[string]bool  // commits and pull requests that no change is known of
	bases   map[string]bool  // branches from which something was surely deployed
	rows    []DeployedChange
	sources []*Change // of the rows; nil of what only a range tells of
	bots    Patterns
}

// bring claims the changes that a successful group is the first to bring, and adds
// their rows; before is when the successful one before it was over, 0 for the first.
func (c *container) bring(g *rollout, before Instant) []*Change { return c.claim(g, before, true) }

// bringBack is bring for a rollback: only what is surely in it, as the commit that
// takes others back.
func (c *container) bringBack(g *rollout, before Instant) { c.claim(g, before, false) }

func (c *container) claim(g *rollout, before Instant, guess bool) []*Change {
	excluded := ""
	switch {
	case before == 0:
		excluded = ChangeFirst
	case g.FinishedAt-before > Instant(c.rules.Silence.Milliseconds()):
		excluded = ChangeSilence
	}
	var brought []*Change
	take := func(i int, how string) {
		change := c.all[i]
		if c.claimed[i] != nil || !c.ours(change) {
			return
		}
		c.claimed[i] = g
		if how != ByTime {
			c.bases[change.Base] = true
		}
		brought = append(brought, change)
		c.add(c.row(g, change, how, excluded), change)
	}
	told := c.ranges(g, take, excluded)
	head, known := c.bySHA[strings.ToLower(g.SHA)]
	if known && g.SHA != "" {
		take(head, ByRange)
	}
	if guess && (!told || excluded == ChangeFirst) {
		c.guess(g, take)
	}
	return brought
}

func (c *container) add(row DeployedChange, source *Change) {
	c.rows = append(c.rows, row)
	c.sources = append(c.sources, source)
}

// ranges takes what the ranges of a group tell, and reports whether they tell all.
func (c *container) ranges(g *rollout, take func(int, string), excluded string) (all bool) {
	for _, d := range g.parts {
		if d.Range == nil {
			continue
		}
		how := ByRange
		if d.Range.Base == "" {
			how = ByCommits
		}
		all = all || !d.Range.Cut
		for _, commit := range d.Range.Commits {
			switch i, direct, number := c.find(commit); {
			case i >= 0 && c.all[i].MergedAt != 0:
				take(i, how)
			case (direct || i >= 0) && len(c.paths) == 0: // of a closed pull request, too
				c.own(g, commit, how, excluded)
			case number > 0 && len(c.paths) == 0:
				c.unknown(g, number, how, excluded)
			}
		}
	}
	return all
}

// guess takes what was merged to the branch before what was deployed, or before the
// deployment began.
func (c *container) guess(g *rollout, take func(int, string)) {
	if g.SHA == "" && g.Version == "" {
		return
	}
	how, until, base := ByTime, g.StartedAt, c.base
	if head, ok := c.bySHA[strings.ToLower(g.SHA)]; ok && g.SHA != "" {
		how, until, base = ByAncestor, c.all[head].MergedAt, c.all[head].Base
	} else {
		for _, d := range g.parts {
			if ref := branchName(d.Ref); c.bases[ref] {
				base = ref
			}
		}
	}
	c.drain("", until, how, take)
	if base != "" {
		c.drain(base, until, how, take)
	}
}

// drain takes what was merged to a branch up to an instant, and need not be looked
// at again.
func (c *container) drain(base string, until Instant, how string, take func(int, string)) {
	queue := c.queues[base]
	for len(queue) > 0 && c.all[queue[0]].MergedAt <= until {
		take(queue[0], how)
		queue = queue[1:]
	}
	c.queues[base] = queue
}

// own adds a commit that is a change of its own.
func (c *container) own(g *rollout, commit Commit, how, excluded string) {
	key := strings.ToLower(commit.SHA)
	if c.direct[key] {
		return
	}
	c.direct[key] = true
	row := DeployedChange{
		Group: g.ID, Name: shortSHA(commit.SHA), SHA: commit.SHA, Title: firstLine(commit.Message), How: how, Excluded: excluded,
		Bot: commit.Bot || c.bots.Match(commit.Author), StartAt: commit.AuthoredAt, DeployedAt: g.FinishedAt,
	}
	if commit.AuthoredAt != 0 {
		row.Commits = []Instant{commit.AuthoredAt}
	}
	c.add(row, &Change{Title: row.Title, Commits: []Commit{commit}})
}

// unknown adds a pull request that a commit names and no source told of: nobody
// knows when it began.
func (c *container) unknown(g *rollout, number int64, how, excluded string) {
	name := "#" + strconv.FormatInt(number, 10)
	if c.direct[name] {
		return
	}
	c.direct[name] = true
	c.add(DeployedChange{Group: g.ID, Name: name, How: how, Excluded: excluded, DeployedAt: g.FinishedAt}, nil)
}

func (c *container) row(g *rollout, change *Change, how, excluded string) DeployedChange {
	row := DeployedChange{
		Seq: change.FactNumber(), Group: g.ID, Name: change.name(), How: how, Excluded: excluded,
		SHA: change.MergeSHA, Bot: change.Bot || c.bots.Match(change.Author),
		ReviewedAt: change.ReviewedAt, ApprovedAt: change.ApprovedAt, MergedAt: change.MergedAt, DeployedAt: g.FinishedAt,
	}
	if change.Number > 0 {
		row.CreatedAt = change.CreatedAt
	}
	for _, commit := range change.Commits {
		if commit.AuthoredAt != 0 {
			row.StartAt = earliest(row.StartAt, commit.AuthoredAt)
			row.Commits = append(row.Commits, commit.AuthoredAt)
		}
	}
	return row
}

// waiting are changes that no deployment brought, of branches that are deployed.
func (c *container) waiting() []WaitingChange {
	var out []WaitingChange
	for i, change := range c.all {
		deployed := c.bases[change.Base] || change.Base == "" || len(c.bases) == 0 && change.Base == c.base
		if change.MergedAt == 0 || c.claimed[i] != nil || !deployed || !c.ours(change) {
			continue
		}
		out = append(out, WaitingChange{
			Seq: change.FactNumber(), Name: change.name(), Title: change.Title, URL: change.URL,
			Bot: change.Bot || c.bots.Match(change.Author), MergedAt: change.MergedAt,
		})
	}
	slices.SortFunc(out, func(a, b WaitingChange) int {
		return cmp.Or(cmp.Compare(a.MergedAt, b.MergedAt), cmp.Compare(a.Seq, b.Seq))
	})
	return out
}

func (c *Change) name() string {
	if c.Number > 0 {
		return "#" + strconv.FormatInt(c.Number, 10)
	}
	return shortSHA(c.ID)
}

// shortSHA is what people call a commit.
func shortSHA(sha string) string { return sha[:min(len(sha), 7)] }
