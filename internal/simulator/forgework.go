package simulator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
)

// landing is what came to a default branch at an instant.
type landing struct {
	at     delivery.Instant
	commit uint64
	title  string
	by     index
	pull   *pull // nil of what was pushed without one
}

func (r *repo) land(at delivery.Instant, commit uint64, title string, by index, p *pull) *landing {
	l := &landing{at: at - at%delivery.Instant(second), commit: commit, title: title, by: by, pull: p}
	r.landings = append(r.landings, l)
	return l
}

// hash is a number of a pull request that nothing else hangs on.
func (p *pull) hash(r *repo, purpose uint64) uint64 {
	x := uint64(p.number)*0x9e3779b97f4a7c15 ^ uint64(r.n+1)*0xd1b54a32d192ed03 ^ purpose*0x94d049bb133111eb
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	return x ^ x>>29
}

// purpose makes some pull requests hotfixes, and some take back what came last.
func (g *GitHub) purpose(r *repo, p *pull) {
	if p.author == dependabot {
		return
	}
	switch h := p.hash(r, 1) % 100; {
	case h < 4:
		var last *landing
		for _, l := range r.landings {
			if l.pull != nil && l.at < p.opened-delivery.Instant(hour) && (last == nil || l.at > last.at) && l.pull.undoes == nil {
				last = l
			}
		}
		if last != nil {
			p.undoes = last
			p.branch = "revert-" + strconv.Itoa(last.pull.number) + "-" + last.pull.branch
			p.title = `Revert "` + last.pull.title + `"`
		}
	case h < 9:
		p.hotfix = true
		if _, rest, ok := strings.Cut(p.branch, "/"); ok {
			p.branch = "hotfix/" + rest
		}
	}
}

// shaCommit is a commit as the API tells of it.
type shaCommit struct {
	sha       string
	authored  delivery.Instant
	committed delivery.Instant
	author    index
	message   string
	parents   []*shaCommit
	pull      *pull // that it belongs to
	n         int   // in the story; those of no default branch are not numbered
}

// story is the commits of a repository up to some instant.
type story struct {
	landed  int          // landings in it
	commits []*shaCommit // of the default branch, each behind its parents
	bySHA   map[string]*shaCommit
	pulls   []*pull // merged ones, in order of their merge
}

// storyAt is the story of a repository as it is at t.
func (g *GitHub) storyAt(r *repo, t delivery.Instant) *story {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until(t)
	g.keep(r)
	var landed []*landing
	for _, l := range r.landings {
		if l.at <= t && l.at >= g.start {
			landed = append(landed, l)
		}
	}
	if r.story == nil || r.story.landed != len(landed) {
		slices.SortStableFunc(landed, func(a, b *landing) int { return cmp.Compare(a.at, b.at) })
		r.story = r.tell(landed)
	}
	return r.story
}

// keep forgets what was made of another repository than r. g is locked.
func (g *GitHub) keep(r *repo) {
	if g.last != nil && g.last != r {
		g.last.story, g.last.deploys = nil, nil
	}
	g.last = r
}

// tell makes the commits of landings.
func (r *repo) tell(landed []*landing) *story {
	s := &story{landed: len(landed), bySHA: map[string]*shaCommit{}}
	for _, l := range landed {
		var branch []*shaCommit
		if l.pull != nil {
			branch = r.commitsOf(s, l.pull)
			s.pulls = append(s.pulls, l.pull)
		}
		c := &shaCommit{sha: shaOf(l.commit), authored: l.at, committed: l.at, author: l.by, message: l.title, pull: l.pull}
		if head := s.head(); head != nil {
			c.parents = append(c.parents, head)
		}
		if l.pull != nil {
			c.message = r.landingMessage(l)
			if r.squash {
				c.author = l.pull.author
			} else {
				for _, b := range branch {
					s.add(b)
				}
				c.parents = append(c.parents, branch[len(branch)-1])
			}
		}
		s.add(c)
	}
	return s
}

// head is the latest commit of the default branch.
func (s *story) head() *shaCommit {
	if len(s.commits) == 0 {
		return nil
	}
	return s.commits[len(s.commits)-1]
}

func (s *story) add(c *shaCommit) {
	c.n = len(s.commits) + 1
	s.commits = append(s.commits, c)
	s.bySHA[c.sha] = c
}

// landingMessage is the message of a merge, or of the one commit of a squashed pull
// request.
func (r *repo) landingMessage(l *landing) string {
	p := l.pull
	message := l.title + "\n\n" + p.title
	if p.undoes != nil {
		message = l.title + "\n\nReverts " + Organization + "/" + r.name + "#" + strconv.Itoa(p.undoes.pull.number) +
			"\n\nThis reverts commit " + shaOf(p.undoes.commit) + "."
	}
	return message
}

var laterWords = []string{"Address the review", "Fix the tests", "Name it better", "Handle the empty case"}

// commitsOf are the commits of a pull request, which begins at what is the head then.
func (r *repo) commitsOf(s *story, p *pull) []*shaCommit {
	var out []*shaCommit
	last := s.head()
	for i := len(s.commits) - 1; i >= 0 && last != nil && last.committed > p.opened; i-- {
		last = s.commits[i]
	}
	add := func(commit uint64, authored, committed delivery.Instant, message string) {
		c := &shaCommit{sha: shaOf(commit), authored: authored, committed: committed, author: p.author, message: message, pull: p}
		if last != nil {
			c.parents = []*shaCommit{last}
		}
		last = c
		s.bySHA[c.sha] = c
		out = append(out, c)
	}
	for i, push := range p.pushes {
		at := push.at - push.at%delivery.Instant(second)
		message := p.title
		if i == 0 {
			if p.undoes != nil {
				message += "\n\nThis reverts commit " + shaOf(p.undoes.commit) + "."
			} else {
				for k := range p.hash(r, 2) % 3 { // what was done before anybody saw it
					before := delivery.Instant(int64(1+p.hash(r, 3+k)%30)*hour) / delivery.Instant(k+1)
					before -= before % delivery.Instant(second)
					add(push.commit^(k+1)*0x9e3779b97f4a7c15, at-before, at-before, p.title)
				}
			}
		} else {
			message = laterWords[p.hash(r, uint64(20+i))%uint64(len(laterWords))]
		}
		add(push.commit, at-delivery.Instant(int64(1+p.hash(r, uint64(40+i))%40)*minute), at-delivery.Instant(30*second), message)
	}
	return out
}

// reach are a commit and all before it.
func reach(c *shaCommit) map[*shaCommit]bool {
	out := map[*shaCommit]bool{}
	for todo := []*shaCommit{c}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !out[at] {
			out[at] = true
			todo = append(todo, at.parents...)
		}
	}
	return out
}

// remark is a review of a pull request.
type remark struct {
	by    index
	state string // of GitHub, in upper case
	at    delivery.Instant
}

// reviews are those of a pull request.
func (p *pull) reviews(r *repo) []remark {
	if p.landed == nil || p.hash(r, 60)%100 < 12 {
		return nil
	}
	team := queues[r.queue].team
	by := team[p.hash(r, 61)%uint64(len(team))]
	if by == p.author || staff[by].gone {
		by = queues[r.queue].lead
	}
	took := p.landed.at - p.opened
	part := func(percent uint64) delivery.Instant {
		at := p.opened + took*delivery.Instant(percent)/100
		return at - at%delivery.Instant(second)
	}
	approved := remark{by, "APPROVED", part(72 + p.hash(r, 62)%25)}
	if p.hash(r, 63)%100 < 45 {
		return []remark{approved}
	}
	state := "COMMENTED"
	if p.hash(r, 64)%3 == 0 {
		state = "CHANGES_REQUESTED"
	}
	return []remark{{by, state, part(15 + p.hash(r, 65)%50)}, approved}
}

// parts of the repositories, as folders.
var folders = map[string][]string{
	"web-shop": {"frontend/src/cart.ts", "search/index.ts", "checkout/pay.ts"}, "payments": {"ledger/book.go", "gateway/card.go", "payouts/pay.go"},
	"mobile-app": {"shared/cart.kt", "ios/App.swift", "android/app.kt"}, "operations": {"databases/main.tf", "network/dns.tf"},
	"receipts": {"receipts/render.py"}, "runbooks": {"docs/databases.md"},
}

// paths are the files that a pull request touches.
func (p *pull) paths(r *repo) []string {
	all := folders[r.name]
	first := int(p.hash(r, 70) % uint64(len(all)))
	out := []string{all[first]}
	if p.hash(r, 71)%3 == 0 && len(all) > 1 {
		out = append(out, all[(first+1)%len(all)])
	}
	return out
}

// labels of a pull request.
func (p *pull) labels() []string {
	switch {
	case p.author == dependabot:
		return []string{"dependencies"}
	case p.hotfix:
		return []string{"hotfix"}
	}
	return []string{}
}
