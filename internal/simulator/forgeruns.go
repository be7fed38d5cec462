package simulator

import (
	"strconv"

	"throughline/internal/delivery"
)

// forgeTime is a time as GitHub writes it.
func forgeTime(t delivery.Instant) string { return timeOf(t).Format("2006-01-02T15:04:05Z") }

// orNull is a text, null when it is "".
func (o *object) orNull(name, v string) *object {
	if v == "" {
		return o.raw(name, nothing)
	}
	return o.text(name, v)
}

// long is a number that needs 64 bits.
func (o *object) long(name string, v int64) *object {
	o.name(name)
	o.b = strconv.AppendInt(o.b, v, 10)
	return o
}

// sha is the commit of a run.
func (run *actRun) sha() string { return shaOf(run.commit) }

func shaOf(commit uint64) string {
	b := appendHex(nil, commit, 16)
	b = appendHex(b, commit*0x9e3779b97f4a7c15, 16)
	return string(appendHex(b, commit>>7, 8))
}

// appendRun appends a run as it stands at t.
func (g *GitHub) appendRun(out []byte, b *forgeBook, run *actRun, t delivery.Instant) []byte {
	s := g.standingAt(run, t)
	r, id := run.r, strconv.FormatInt(run.id, 10)
	api := b.api(r) + "/actions/runs/" + id
	suite := run.id + 21_000_000_000
	o := object{b: out}
	o.long("id", run.id).text("name", run.wf.name).text("node_id", nodeID("WorkflowRun", run.id))
	o.text("head_branch", run.branch).text("head_sha", run.sha()).text("path", ".github/workflows/"+run.wf.file)
	o.text("display_title", run.title).number("run_number", run.number).text("event", run.event)
	o.text("status", s.status).orNull("conclusion", s.conclusion).number("workflow_id", run.wf.id)
	o.long("check_suite_id", suite).text("check_suite_node_id", nodeID("CheckSuite", suite))
	o.text("url", api).text("html_url", b.page(r)+"/actions/runs/"+id)
	o.name("pull_requests")
	o.b = b.appendPulls(o.b, run)
	o.text("created_at", forgeTime(run.created)).text("updated_at", forgeTime(s.updated))
	o.raw("actor", b.accounts[run.actor]).number("run_attempt", s.n).raw("referenced_workflows", []byte("[]"))
	o.text("run_started_at", forgeTime(s.try.at)).raw("triggering_actor", b.accounts[s.try.actor])
	o.text("jobs_url", api+"/jobs").text("logs_url", api+"/logs").text("check_suite_url", b.api(r)+"/check-suites/"+strconv.FormatInt(suite, 10))
	o.text("artifacts_url", api+"/artifacts").text("cancel_url", api+"/cancel").text("rerun_url", api+"/rerun")
	previous := ""
	if s.n > 1 {
		previous = api + "/attempts/" + strconv.Itoa(s.n-1)
	}
	o.orNull("previous_attempt_url", previous).text("workflow_url", b.api(r)+"/actions/workflows/"+strconv.Itoa(run.wf.id))
	o.raw("head_commit", b.commit(run)).raw("repository", b.repos[r.n]).raw("head_repository", b.repos[r.n])
	return o.end()
}

// commit is the commit of a run.
func (b *forgeBook) commit(run *actRun) []byte {
	name, mail := "dependabot[bot]", "support@github.example.org"
	if run.actor != dependabot {
		p := &staff[run.actor]
		name, mail = p.display, p.login+"@users.noreply.example.org"
	}
	var who, o object
	by := who.text("name", name).text("email", mail).end()
	o.text("id", run.sha()).text("tree_id", string(appendHex(appendHex(appendHex(nil, run.commit>>3, 16), run.commit, 16), run.commit>>11, 8)))
	o.text("message", run.title).text("timestamp", forgeTime(run.created-delivery.Instant(40*second)))
	return o.raw("author", by).raw("committer", by).end()
}

// appendPulls appends the pull requests of a run's branch.
func (b *forgeBook) appendPulls(out []byte, run *actRun) []byte {
	if run.pull == nil {
		return append(out, "[]"...)
	}
	r, n := run.r, run.pull.number
	var at object
	repo := at.number("id", r.id).text("url", b.api(r)).text("name", r.name).end()
	var head, base object
	o := object{b: append(out, '[')}
	o.number("id", 1_900_000_000+1000*r.n*1000+n).number("number", n).text("url", b.api(r)+"/pulls/"+strconv.Itoa(n))
	o.raw("head", head.text("ref", run.branch).text("sha", run.sha()).raw("repo", repo).end())
	o.raw("base", base.text("ref", r.branch).text("sha", string(appendHex(appendHex(appendHex(nil, run.commit>>5, 16), run.commit>>9, 16), run.commit, 8))).raw("repo", repo).end())
	return append(o.end(), ']')
}

const firstJobID = int64(40_000_000_000)

// id of a job: each attempt has its own.
func (j *actJob) id(run *actRun) int64 {
	return firstJobID + (run.id-firstRunID)*64 + int64(j.try)*16 + int64(j.n)
}

// labels and names of runners.
var runners = map[pool]struct {
	labels, name, group string
	groupID             int
}{
	hosted:     {`["ubuntu-latest"]`, "GitHub Actions ", "GitHub Actions", 0},
	ownRunners: {`["self-hosted","linux","x64"]`, "build-", "Default", 1},
	macs:       {`["macos-15"]`, "GitHub Actions ", "GitHub Actions", 0},
}

// appendJob appends a job as it stands at t.
func (b *forgeBook) appendJob(out []byte, run *actRun, j *actJob, t delivery.Instant) []byte {
	r, id := run.r, strconv.FormatInt(j.id(run), 10)
	status := j.status(t)
	started, ended, conclusion := forgeTime(j.created), "", ""
	if status == "in_progress" || status == "completed" {
		started = forgeTime(j.started)
	}
	if status == "completed" {
		ended, conclusion = forgeTime(j.ended), j.conclusion
	}
	o := object{b: out}
	o.long("id", j.id(run)).long("run_id", run.id).text("workflow_name", run.wf.name).text("head_branch", run.branch)
	o.text("run_url", b.api(r)+"/actions/runs/"+strconv.FormatInt(run.id, 10)).number("run_attempt", j.try)
	o.text("node_id", nodeID("CheckRun", j.id(run))).text("head_sha", run.sha()).text("url", b.api(r)+"/actions/jobs/"+id)
	o.text("html_url", b.page(r)+"/actions/runs/"+strconv.FormatInt(run.id, 10)+"/job/"+id)
	o.text("status", status).orNull("conclusion", conclusion)
	o.text("created_at", forgeTime(j.created)).text("started_at", started).orNull("completed_at", ended).text("name", j.spec.name)
	o.name("steps")
	o.b = appendSteps(o.b, j, t)
	on := runners[j.spec.on]
	o.text("check_run_url", b.api(r)+"/check-runs/"+id).raw("labels", []byte(on.labels))
	if !j.ran() || t < j.started {
		o.number("runner_id", 0).text("runner_name", "").number("runner_group_id", 0).text("runner_group_name", "")
		return o.end()
	}
	n := 1 + int(run.seed>>uint(j.n)%24)
	o.number("runner_id", n+100*int(j.spec.on)).text("runner_name", on.name+strconv.Itoa(n))
	return o.number("runner_group_id", on.groupID).text("runner_group_name", on.group).end()
}

// appendSteps appends the steps of a job that have begun by t.
func appendSteps(out []byte, j *actJob, t delivery.Instant) []byte {
	out = append(out, '[')
	took := j.ended - j.started
	if !j.ran() || t < j.started {
		return append(out, ']')
	}
	at := j.started
	for i, s := range []struct {
		name string
		part delivery.Instant // of the whole, in hundredths
	}{{"Set up job", 2}, {"Run actions/checkout@v5", 5}, {j.spec.does, 92}, {"Post Run actions/checkout@v5", 1}, {"Complete job", 0}} {
		end := min(at+took*s.part/100/1000*1000, j.ended)
		if i == 4 {
			end = j.ended
		}
		if t < at {
			break
		}
		if i > 0 {
			out = append(out, ',')
		}
		o := object{b: out}
		o.text("name", s.name)
		switch {
		case t < end:
			o.text("status", "in_progress").raw("conclusion", nothing)
		case i == 2:
			o.text("status", "completed").text("conclusion", j.conclusion)
		default:
			o.text("status", "completed").text("conclusion", success)
		}
		o.number("number", i+1).text("started_at", forgeTime(at))
		if t < end {
			out = o.raw("completed_at", nothing).end()
		} else {
			out = o.text("completed_at", forgeTime(end)).end()
		}
		at = end
	}
	return append(out, ']')
}
