package control

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

const teamsExample = `calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: RU}
teams:
  - name: payments
    calendar: default
    tracker_queues: [PAY, "BILL*", "!BILLOLD"]
    github_repositories: [acme/pay-*]
    sentry_projects: [pay-api]
    ci_projects: [group/pay]
    jira_projects: [PAY]
  - {name: ops, tracker_queues: [OPS]}
workflow:
  - closed: [closed]
    teams: {payments: {closed: [paid]}}
  - from: 2026-03-01
    closed: [closed, shipped]
    queues: {OPS: {active: []}}
    teams: {payments: {closed: [paid]}, ops: {waiting: [parked]}}
`

func TestProvisionTeams(t *testing.T) {
	db := openTest(t)
	db.apply(t, teamsExample)
	pay, err := db.Team(db.ctx, "payments")
	must(t, err)
	want := Team{ID: pay.ID, Provisioned: true, Members: []int64{}, Team: delivery.Team{
		Name: "payments", Calendar: "default", Queues: delivery.Patterns{"PAY", "BILL*", "!BILLOLD"}, Repositories: delivery.Patterns{"acme/pay-*"},
		SentryProjects: delivery.Patterns{"pay-api"}, CIProjects: delivery.Patterns{"group/pay"}, JiraProjects: delivery.Patterns{"PAY"},
	}}
	if !reflect.DeepEqual(pay, want) {
		t.Errorf("team %+v", pay)
	}
	versions, err := db.WorkflowVersions(db.ctx)
	must(t, err)
	if story(versions) != "closed | 2026-03-01 closed,shipped" || !versions[0].Provisioned || !versions[1].Provisioned {
		t.Errorf("workflow %+v", versions)
	}
	if lists := versions[1].Teams["ops"]; !reflect.DeepEqual(lists, delivery.StatusLists{Waiting: []string{"parked"}}) {
		t.Errorf("lists %+v", lists)
	}

	ann := db.user(t, "ann@example.com")
	_, err = db.SetMembers(db.ctx, "payments", []int64{ann})
	must(t, err)
	_, err = db.SaveTeam(db.ctx, pay)
	wantError(t, err, ErrProvisioned)
	_, err = db.DeleteTeam(db.ctx, "payments")
	wantError(t, err, ErrProvisioned)
	_, err = db.DeleteCalendar(db.ctx, "default")
	wantError(t, err, ErrProvisioned)

	// What is no longer declared stays as it is, and can be edited.
	db.apply(t, "")
	if pay, err = db.Team(db.ctx, "payments"); err != nil || pay.Provisioned || len(pay.Members) != 1 {
		t.Errorf("team %+v, %v", pay, err)
	}
	pay.Queues = nil
	_, err = db.SaveTeam(db.ctx, pay)
	must(t, err)
	if versions, err = db.WorkflowVersions(db.ctx); err != nil || len(versions) != 2 || versions[0].Provisioned {
		t.Errorf("workflow %+v, %v", versions, err)
	}
}

func TestProvisionTeamProblems(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"teams", "teams:\n  - name: a\n    services: [pay]\n    tracker_queues: [\"!PAY\"]\n  - {tracker_queues: PAY}\n  - {name: A, queues: []}\n", []string{
			`line 4: tracker_queues: *`,
			`line 5: tracker_queues: must be a list`,
			`line 5: name: give the team a name`,
			`line 6: unknown key "queues"; a team has name, calendar, tracker_queues, github_repositories, sentry_projects, ci_projects, jira_projects, services`,
			`line 6: team "a" is declared on line 2 already`,
		}},
		{"versions", "workflow:\n  - closed: [a]\n    from: 2026-01-01\n  - closed: [b]\n  - closed: [c]\n    from: 2026-01-01\n  - from: 2200-01-01\n  - from: soon\n    colour: red\n", []string{
			`line 4: from: is missing; each version but the first needs its day`,
			`line 5: workflow from "2026-01-01" is declared on line 2 already`,
			`line 7: from: 2200-01-01 is not between 1970 and 2060`,
			`line 8: from: not a date like 2026-01-31: "soon"`,
			`line 9: unknown key "colour"; the workflow has waiting, active, closed, excluded_resolutions, queues, teams, from`,
		}},
		{"lists of teams", "workflow:\n  teams:\n    pay:\n      closed: [a]\n      active: [a]\n    ops: closed\n", []string{
			`line 4: teams.pay.closed: status "a" is both active and closed`,
			`line 6: a team's workflow: must be a mapping of keys to values`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseTest(tt.text)
			var problems *ProvisionError
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			got := strings.Split(strings.ReplaceAll(err.Error(), "provision.yml: ", ""), "\n")
			for i, want := range tt.want {
				begin, open := strings.CutSuffix(want, "*")
				if i >= len(got) || got[i] != want && (!open || !strings.HasPrefix(got[i], begin)) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
					break
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("%d problems, want %d", len(got), len(tt.want))
			}
		})
	}
}

func TestApplyChecksNames(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"teams:\n- name: a\n  calendar: nowhere\n", `provision.yml: line 3: calendar: there is no calendar called "nowhere"`},
		{"workflow:\n  teams:\n    a: {closed: [x]}\n", `provision.yml: line 3: teams: there is no team called "a"`},
	} {
		db := openTest(t)
		p, err := parseTest(tt.text)
		must(t, err)
		if err := db.Apply(db.ctx, p, testNow); err == nil || err.Error() != tt.want {
			t.Errorf("error %v, want %s", err, tt.want)
		}
		if got := db.dump(t); len(got.Teams)+len(got.Workflow) != 0 {
			t.Errorf("half the file was applied: %+v", got)
		}
	}
}

// Whatever was there before, applying a file twice changes nothing the second
// time.
func TestApplyTwiceChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(all ...string) string {
		var out []string
		for _, s := range all {
			if random.IntN(2) == 0 {
				out = append(out, s)
			}
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	file := func() string {
		var b strings.Builder
		b.WriteString("calendars:\n")
		for _, name := range []string{"default", "night"} {
			for _, from := range []string{"2025-01-01", "2026-01-01"} {
				fmt.Fprintf(&b, "- {name: %s, timezone: UTC, workdays: [mon, tue], hours: [\"%02d:00-18:00\"], from: %s}\n", name, random.IntN(17), from)
			}
		}
		b.WriteString("teams:\n- {name: pay, calendar: night, tracker_queues: " + some("PAY", `"B*"`) + "}\n")
		if random.IntN(2) == 0 {
			b.WriteString("- {name: ops, jira_projects: " + some("OPS", "SRE") + "}\n")
		}
		b.WriteString("workflow:\n")
		for _, from := range []string{"2025-01-01", "2026-01-01", "2026-02-01"}[:random.IntN(4)] {
			fmt.Fprintf(&b, "- {from: %s, closed: %s, excluded_resolutions: %s, teams: {pay: {active: %s}}}\n", from, some("a", "b"), some("x"), some("c", "d"))
		}
		return b.String()
	}
	db := openTest(t)
	for range 30 {
		text := file()
		db.apply(t, text)
		before, version, entries := db.dump(t), db.version(t), len(db.auditLog(t))
		db.apply(t, text)
		if after := db.dump(t); !reflect.DeepEqual(after, before) || db.version(t) != version || len(db.auditLog(t)) != entries {
			t.Fatalf("applied again it is\n%+v, was\n%+v\nof\n%s", after, before, text)
		}
	}
}
