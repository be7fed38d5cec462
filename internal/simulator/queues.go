package simulator

// queue is one of the company's queues with the way work goes through it.
type queue struct {
	id         int
	key        string
	name       string
	lead       index
	team       []index
	share      float64 // of all new issues
	initial    index
	final      index
	night      float64 // share of events outside working hours
	reopen     float64 // chance that a closed issue is reopened
	reopenTo   index
	sprints    bool // plans in two-week sprints
	components []string
	types      []weight
	flow       []step
	field      string // id of its local field: <hash>--severity
}

type weight struct {
	of    index
	share float64
}

// step is a status with how long issues stay there, in working hours: a
// log-normal of the given median and sigma, and where they go then. What the
// shares of next leave goes on with the step that follows.
type step struct {
	status index
	median float64
	sigma  float64
	next   []weight
}

// queues are the four queues. PAY is careful, WEB is quick, APP has long
// tails, and OPS has statuses of its own, works at night and ends in done.
var queues = []queue{
	{
		id: 11, key: "PAY", name: "Payments", lead: 1, team: []index{1, 2, 3, 4, 12}, share: .30,
		initial: statusOpen, final: statusClosed, night: .03, reopen: .05, reopenTo: statusOpen, sprints: true,
		components: []string{"Ledger", "Gateway", "Receipts"},
		types:      []weight{{typeTask, .38}, {typeBug, .32}, {typeStory, .2}, {typeImprovement, .1}},
		field:      "6a2f41b07c9d4e2f8b1a0c11--severity",
		flow: []step{
			{statusOpen, 11, 1.1, []weight{{statusNeedInfo, .08}}},
			{statusInProgress, 13, .85, []weight{{statusNeedInfo, .05}, {statusOnHold, .03}}},
			{statusInReview, 5, .95, []weight{{statusInProgress, .17}}},
			{statusTesting, 8, .95, []weight{{statusInProgress, .18}}},
			{statusReadyForRelease, 9, .8, nil},
		},
	},
	{
		id: 12, key: "WEB", name: "Web shop", lead: 5, team: []index{5, 6, 7, 3}, share: .32,
		initial: statusOpen, final: statusClosed, night: .02, reopen: .06, reopenTo: statusInProgress, sprints: true,
		components: []string{"Frontend", "Search", "Checkout"},
		types:      []weight{{typeTask, .36}, {typeBug, .34}, {typeStory, .15}, {typeImprovement, .15}},
		field:      "6a2f41b07c9d4e2f8b1a0c12--severity",
		flow: []step{
			{statusOpen, 6, 1.1, []weight{{statusNeedInfo, .06}}},
			{statusInProgress, 7, .85, []weight{{statusNeedInfo, .04}}},
			{statusInReview, 3, .9, []weight{{statusInProgress, .15}, {statusClosed, .25}}},
			{statusTesting, 4, .9, []weight{{statusInProgress, .16}}},
		},
	},
	{
		id: 13, key: "APP", name: "Mobile app", lead: 8, team: []index{8, 9, 10, 7}, share: .18,
		initial: statusBacklog, final: statusClosed, night: .03, reopen: .07, reopenTo: statusOpen, sprints: false,
		components: []string{"iOS", "Android", "Shared"},
		types:      []weight{{typeTask, .3}, {typeBug, .35}, {typeStory, .25}, {typeImprovement, .1}},
		field:      "6a2f41b07c9d4e2f8b1a0c13--severity",
		flow: []step{
			{statusBacklog, 45, 1.35, nil},
			{statusOpen, 9, 1.1, []weight{{statusNeedInfo, .06}}},
			{statusSelectedForDev, 14, 1, nil},
			{statusInProgress, 17, 1.2, []weight{{statusOnHold, .06}}},
			{statusInReview, 6, 1.1, []weight{{statusInProgress, .2}}},
			{statusReadyForTest, 7, .9, nil},
			{statusTesting, 11, 1.15, []weight{{statusInProgress, .22}}},
			{statusReadyForRelease, 30, .8, nil},
			{statusResolved, 12, .7, nil},
		},
	},
	{
		id: 14, key: "OPS", name: "Operations", lead: 11, team: []index{11, 10, 2}, share: .20,
		initial: statusTriage, final: statusDone, night: .3, reopen: .04, reopenTo: statusMitigation, sprints: false,
		components: []string{"Databases", "Network", "Build"},
		types:      []weight{{typeIncident, .45}, {typeRequest, .4}, {typeTask, .15}},
		field:      "6a2f41b07c9d4e2f8b1a0c14--severity",
		flow: []step{
			{statusTriage, 1, 1, []weight{{statusNeedInfo, .05}}},
			{statusMitigation, 3, 1.1, nil},
			{statusWatching, 8, .8, []weight{{statusMitigation, .15}}},
		},
	},
}

// asides are statuses beside the main way: work comes back from them to where
// it left.
var asides = []step{
	{status: statusNeedInfo, median: 12, sigma: 1},
	{status: statusOnHold, median: 40, sigma: .9},
}

// at is the position of the status on the main way, -1 when it is not there.
func (q *queue) at(status index) int {
	for i := range q.flow {
		if q.flow[i].status == status {
			return i
		}
	}
	return -1
}

func queueByKey(key string) (index, bool) {
	for i := range queues {
		if equalFold(queues[i].key, key) {
			return index(i), true
		}
	}
	return 0, false
}
