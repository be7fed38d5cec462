package simulator

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"

	"throughline/internal/delivery"
)

// pullRequest is a pull request opened at an instant: what is pushed to it
// over the hours and days that follow, and its merge.
func (g *GitHub) pullRequest(r *repo, rnd *rand.Rand, at delivery.Instant) {
	r.pulled++
	p := &pull{number: r.pulled, author: member(r, rnd)}
	p.branch, p.title = g.wording(r, rnd, at)
	if rnd.Float64() < .06 {
		p.author = dependabot
		b := bumps[rnd.IntN(len(bumps))]
		p.branch, p.title = "dependabot/"+b.branch, b.title
	}
	p.opened = at
	g.purpose(r, p)
	tested := make([]bool, len(r.workflows)) // which workflows the changed paths start
	for i := range r.workflows {
		tested[i] = rnd.Float64() < r.workflows[i].pulls
	}
	pushes := 1 + min(poisson(rnd, .75), 4)
	for i := range pushes {
		next := g.later(rnd, at, 2.2*float64(hour), .9)
		if rnd.Float64() < .17 { // something was forgotten
			next = at + delivery.Instant(between(rnd, 100, 420)*second)
		}
		cut := next
		if i == pushes-1 {
			cut = 0
		}
		g.pushTo(r, rnd, p, tested, at, cut)
		at = next
	}
	if rnd.Float64() < .9 {
		title := p.title + " (#" + strconv.Itoa(p.number) + ")"
		if !r.squash {
			title = "Merge pull request #" + strconv.Itoa(p.number) + " from " + Organization + "/" + p.branch
		}
		by := member(r, rnd)
		p.landed = r.land(at, g.push(r, rnd, at, by, title), title, by, p)
	}
}

// pushTo is a push to a pull request; what is still running when the next one
// comes is cancelled.
func (g *GitHub) pushTo(r *repo, rnd *rand.Rand, p *pull, tested []bool, at, next delivery.Instant) {
	commit := rnd.Uint64()
	p.pushes = append(p.pushes, pushed{at, commit})
	for i := range r.workflows {
		if !tested[i] {
			continue
		}
		g.add(&actRun{
			r: r, wf: &r.workflows[i], seed: rnd.Uint64(), created: at + delivery.Instant(between(rnd, 2, 7)*second),
			event: "pull_request", actor: p.author, branch: p.branch, title: p.title, commit: commit, pull: p, cut: next,
		})
	}
}

// push is a push to the default branch with what follows from it. It returns the
// commit.
func (g *GitHub) push(r *repo, rnd *rand.Rand, at delivery.Instant, who index, title string) uint64 {
	commit := rnd.Uint64()
	run := func(w *workflowSpec, at delivery.Instant, event, branch, title string) *actRun {
		return &actRun{r: r, wf: w, seed: rnd.Uint64(), created: at, event: event, actor: who, branch: branch, title: title, commit: commit}
	}
	done := map[string]*actRun{}
	for i := range r.workflows {
		w := &r.workflows[i]
		created := at + delivery.Instant(between(rnd, 2, 7)*second)
		switch before := done[w.after]; {
		case w.push:
			done[w.name] = g.add(run(w, created, "push", r.branch, title))
		case w.after != "" && before != nil:
			first := before.tries[0]
			next := run(w, first.end+delivery.Instant(between(rnd, 2, 6)*second), "workflow_run", r.branch, w.name)
			next.skip = first.conclusion != success
			g.add(next)
		case rnd.Float64() < w.release:
			r.tagged++
			tag := "v3." + strconv.Itoa(20+r.tagged) + ".0"
			g.add(run(w, created+delivery.Instant(between(rnd, 5, 90)*minute), "release", tag, tag))
		}
	}
	return commit
}

// later is an instant of working hours some work after at.
func (g *GitHub) later(rnd *rand.Rand, at delivery.Instant, median, sigma float64) delivery.Instant {
	o := g.c.office
	w := o.of(at) + worktime(max(median*math.Exp(sigma*rnd.NormFloat64()), float64(5*minute)))
	return max(o.at(w), at+delivery.Instant(5*minute))
}

func between(rnd *rand.Rand, from, to int) int64 { return int64(from + rnd.IntN(to-from+1)) }

var (
	pullTypes = []index{typeBug, typeTask, typeTask, typeImprovement, typeStory}
	prefixes  = map[index]string{typeBug: "bugfix/", typeTask: "feature/", typeImprovement: "improve/", typeStory: "feature/"}

	bumps = []struct{ branch, title string }{
		{"go_modules/golang.org/x/net-0.61.0", "Bump golang.org/x/net from 0.58.0 to 0.61.0"},
		{"npm_and_yarn/playwright/test-1.58.2", "Bump @playwright/test from 1.57.0 to 1.58.2"},
		{"github_actions/actions/checkout-5", "Bump actions/checkout from 4 to 5"},
	}

	russianTitles = []string{
		"Исправить округление в чеках", "Ускорить выгрузку отчёта за месяц", "Убрать мигание корзины на старых телефонах",
		"Добавить «ещё один» способ оплаты", "Проверка адреса доставки: ё и е", "Перенести журнал на новый диск",
	}
	longTitles = []string{
		"Stop asking for the delivery address again when a customer comes back to the checkout from the payment page of the bank after the session has expired",
		"Разобраться, почему при повторной оплате заказа с частичным возвратом и бонусами в личном кабинете показывается сумма без учёта доставки",
	}
)

// wording is the branch and the title of a change.
func (g *GitHub) wording(r *repo, rnd *rand.Rand, at delivery.Instant) (branch, title string) {
	q := &queues[r.queue]
	kind := pullTypes[rnd.IntN(len(pullTypes))]
	things := objects[q.key]
	title = verbs[kind][rnd.IntN(len(verbs[kind]))] + " " + things[rnd.IntN(len(things))] + settings[rnd.IntN(len(settings))]
	switch u := rnd.Float64(); {
	case u < .12:
		title = russianTitles[rnd.IntN(len(russianTitles))]
	case u < .15:
		title = longTitles[rnd.IntN(len(longTitles))]
	}
	key := q.key + "-" + strconv.Itoa(g.issueNumber(q, rnd, at))
	return prefixes[kind] + key + "-" + slug(title), key + ": " + title
}

// issueNumber is that of one of the latest issues of a queue.
func (g *GitHub) issueNumber(q *queue, rnd *rand.Rand, at delivery.Instant) int {
	gone := float64(at-g.c.start) / float64(historyDays*day)
	last := q.share * float64(max(g.c.size, 100)) * (.8*gone + .1)
	return max(int(last)-rnd.IntN(25), 1)
}

// slug is a title as people write it in a branch's name.
func slug(title string) string {
	return strings.Join(strings.FieldsFunc(lower(title), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), "-")
}
