package simulator

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// dayOfSentry is when the company began to use it.
const dayOfSentry = "2023-03-01T09:00:00.000000Z"

// release is a release.
func (v *errView) release(r *errRelease) fieldsOf {
	p := r.p
	deploys := r.until(v.now)
	short := r.version
	info := fieldsOf{"package": nil, "version": fieldsOf{"raw": r.version}, "description": r.version, "buildHash": nil}
	if name, version, ok := strings.Cut(r.version, "@"); ok {
		short = version
		info = fieldsOf{"package": name, "version": fieldsOf{"raw": version}, "description": version, "buildHash": nil}
	}
	if len(short) == 40 {
		info["buildHash"], info["description"], short = short, short[:12], short[:12]
	}
	newGroups := 0
	for _, g := range p.until(v.now) {
		if first, _ := g.releaseAtFirst(v.now); first == r {
			newGroups++
		}
	}
	var firstEvent, lastEvent, last any
	if len(deploys) > 0 {
		last = deployed(&deploys[len(deploys)-1])
		if at := deploys[0].finished + delivery.Instant(2*minute); at <= v.now {
			firstEvent, lastEvent = sentryTime(at), sentryTime(min(v.now, v.replaced(r)))
		}
	}
	return fieldsOf{
		"id": r.id, "version": r.version, "shortVersion": short, "status": "open", "ref": nil, "url": nil, "dateReleased": sentryTime(r.releasedAt(v.now)),
		"dateCreated": sentryTime(r.created), "data": fieldsOf{}, "newGroups": newGroups, "commitCount": 1 + r.commit%9,
		"lastCommit": fieldsOf{"id": shaOf(r.commit)}, "deployCount": len(deploys), "lastDeploy": last, "authors": []any{},
		"projects": []any{fieldsOf{
			"id": p.id, "slug": p.slug, "name": p.name, "newGroups": newGroups, "platform": p.platform, "platforms": []string{p.platform}, "hasHealthData": p.sessions > 0,
		}},
		"firstEvent": firstEvent, "lastEvent": lastEvent, "versionInfo": info,
	}
}

// replaced is when the next release came to production, far off while there is none.
func (v *errView) replaced(r *errRelease) delivery.Instant {
	in := false
	for _, use := range r.p.inUse[productionEnv] {
		if in && use.rel != r {
			return use.at + delivery.Instant(minute)
		}
		in = in || use.rel == r
	}
	return v.now
}

func deployed(d *errDeploy) fieldsOf {
	return fieldsOf{
		"id": strconv.FormatInt(d.id, 10), "environment": d.env, "dateStarted": sentryTime(d.started), "dateFinished": sentryTime(d.finished),
		"name": d.name, "url": nil,
	}
}

// releases lists releases, the latest first.
func (a *errAnswer) releases() {
	what, err := a.scope()
	if err != nil {
		a.refuse(err)
		return
	}
	var all []*errRelease
	for _, p := range what.projects {
		for _, r := range p.releasesUntil(a.now) {
			in := len(what.envs) == 0 || slices.ContainsFunc(r.until(a.now), func(d errDeploy) bool { return slices.Contains(what.envs, d.env) })
			if in && strings.Contains(r.version, a.q.Get("query")) {
				all = append(all, r)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y *errRelease) int { return int(y.created - x.created) })
	a.list("per_page", len(all), true, func(i int) any { return a.release(all[i]) })
}

// deploys lists those of a release, the latest first.
func (a *errAnswer) deploys() {
	for _, p := range a.w.projects {
		for _, r := range p.releasesUntil(a.now) {
			if r.version == a.r.PathValue("version") {
				all := r.until(a.now)
				a.list("per_page", len(all), true, func(i int) any { return deployed(&all[len(all)-1-i]) })
				return
			}
		}
	}
	a.notFound()
}

// key is the n-th client key of a project.
func (v *errView) key(p *errProject, n int) fieldsOf {
	k := p.keys[n]
	public := string(appendHex(appendHex(nil, v.w.s.draw(p.n, n, 20), 16), v.w.s.draw(p.n, n, 21), 16))
	host := strings.TrimPrefix(strings.TrimPrefix(v.base, "https://"), "http://")
	var limit any
	if k.count > 0 {
		limit = fieldsOf{"window": k.window, "count": k.count}
	}
	return fieldsOf{
		"id": public, "name": k.name, "label": k.name, "public": public, "projectId": p.id, "isActive": !k.inactive, "rateLimit": limit,
		"secret": string(appendHex(appendHex(nil, v.w.s.draw(p.n, n, 22), 16), v.w.s.draw(p.n, n, 23), 16)),
		"dsn":    fieldsOf{"public": "https://" + public + "@" + host + "/" + p.number()}, "browserSdkVersion": "7.x", "dateCreated": dayOfSentry,
	}
}

// keys answers GET projects/{org}/{project}/keys/.
func (a *errAnswer) keys() {
	if p := a.named(); p != nil {
		a.list("per_page", len(p.keys), true, func(i int) any { return a.key(p, i) })
	}
}

// orgKeys answers GET organizations/{org}/project-keys/.
func (a *errAnswer) orgKeys() {
	var all []func() fieldsOf
	for _, p := range a.w.projects {
		for i := range p.keys {
			all = append(all, func() fieldsOf { return a.key(p, i) })
		}
	}
	a.list("per_page", len(all), true, func(i int) any { return all[i]() })
}

// named is the project of the path; nil when that is answered.
func (a *errAnswer) named() *errProject {
	p := a.w.named(a.r.PathValue("project"))
	if p == nil {
		a.notFound()
	}
	return p
}

// organization answers GET organizations/{org}/.
func (a *errAnswer) organization() {
	active := fieldsOf{"id": "active", "name": "active"}
	a.send(fieldsOf{
		"id": "1", "slug": Organization, "name": "Example", "status": active, "dateCreated": dayOfSentry, "isEarlyAdopter": false, "require2FA": false,
		"avatar": fieldsOf{"avatarType": "letter_avatar", "avatarUuid": nil}, "features": []any{},
		"links": fieldsOf{"organizationUrl": a.base, "regionUrl": a.base},
	})
}

// described is a project.
func (v *errView) described(p *errProject) fieldsOf {
	team := fieldsOf{"id": "1", "slug": p.team, "name": strings.ToUpper(p.team[:1]) + p.team[1:]}
	since, _ := time.Parse(time.RFC3339, dayOfSentry)
	envs := append([]string{}, p.envs...)
	return fieldsOf{
		"id": p.number(), "slug": p.slug, "name": p.name, "platform": p.platform, "platforms": []string{p.platform}, "status": "active",
		"dateCreated": dayOfSentry, "firstEvent": since.Add(5 * time.Minute).Format(time.RFC3339), "firstTransactionEvent": true, "isBookmarked": false,
		"isMember": true, "hasAccess": true, "access": []any{}, "features": []string{"releases"}, "hasSessions": p.sessions > 0, "team": team, "teams": []any{team},
		"environments": envs, "latestRelease": nil,
	}
}

// projects answers the list of all; all_projects=1 gives them on one page.
func (a *errAnswer) projects() {
	one := func(i int) any { return a.described(a.w.projects[i]) }
	if a.q.Get("all_projects") != "1" {
		a.list("per_page", len(a.w.projects), false, one)
		return
	}
	out := []any{}
	for i := range a.w.projects {
		out = append(out, one(i))
	}
	a.send(out)
}

// project answers GET projects/{org}/{project}/.
func (a *errAnswer) project() {
	if p := a.named(); p != nil {
		out := a.described(p)
		out["organization"] = fieldsOf{"id": "1", "slug": Organization}
		a.send(out)
	}
}

// environments answers GET projects/{org}/{project}/environments/.
func (a *errAnswer) environments() {
	if p := a.named(); p != nil {
		out := []any{}
		for _, env := range p.envs {
			out = append(out, fieldsOf{"id": strconv.Itoa(1 + slices.Index(a.w.envs, env)), "name": env, "isHidden": false})
		}
		a.send(out)
	}
}

// orgEnvironments answers GET organizations/{org}/environments/.
func (a *errAnswer) orgEnvironments() {
	out := []any{}
	for i, env := range a.w.envs {
		out = append(out, fieldsOf{"id": strconv.Itoa(i + 1), "name": env})
	}
	a.send(out)
}
