package simulator

// Organization owns the company's repositories.
const Organization = "example-org"

// repoSpec is a repository of the company. Its people and issues are those of
// a queue.
type repoSpec struct {
	id        int
	name      string
	about     string
	language  string
	queue     index // in queues
	branch    string
	squash    bool    // a pull request becomes one commit
	pulls     float64 // opened on a working day
	pushes    float64 // straight to the default branch, on a working day
	workflows []workflowSpec
}

// workflowSpec is a workflow with what starts it and how it goes.
type workflowSpec struct {
	id      int
	name    string
	file    string // below .github/workflows
	first   int    // number of its first run of the history
	pulls   float64
	push    bool
	after   string  // it follows that workflow's run of a push, by event workflow_run
	nightly int64   // local time of day it is scheduled at; 0 for never
	release float64 // chance that a push to the default branch is released
	fails   float64 // chance that an attempt fails
	trend   trend
	jobs    []jobSpec
}

// trend is how the durations of a workflow have changed.
type trend int

const (
	steady trend = iota
	slower       // a bit every week
	faster       // at once, some weeks ago
)

// pool is where jobs run; each has its own wait.
type pool int

const (
	hosted pool = iota
	ownRunners
	macs
)

// jobSpec is a job. Those of a matrix share what stands before " (".
type jobSpec struct {
	name     string
	does     string  // its main step
	median   float64 // seconds
	needs    string  // names of jobs without their matrix, separated by spaces
	on       pool
	fragile  float64 // weight among the jobs when one is to fail
	approval float64 // usual working hours until somebody lets it go on; 0: nobody is asked
}

// repositories of the company, by what its queues work on. One has never run
// anything.
var repositories = []repoSpec{
	{
		id: 710400101, name: "web-shop", about: "Web shop: frontend, search and checkout", language: "TypeScript",
		queue: 1, branch: "main", squash: true, pulls: 2.9,
		workflows: []workflowSpec{
			{id: 88100101, name: "CI", file: "ci.yml", first: 4210, pulls: 1, push: true, fails: .15, jobs: []jobSpec{
				{"lint", "Run npm run lint", 70, "", hosted, 1, 0},
				{"types", "Run npm run types", 95, "", hosted, 1, 0},
				{"build", "Run npm run build", 150, "lint types", hosted, 1, 0},
				{"test (frontend)", "Run npm test", 210, "build", hosted, 3, 0},
				{"test (search)", "Run npm test", 165, "build", hosted, 2, 0},
				{"test (checkout)", "Run npm test", 240, "build", hosted, 3, 0},
			}},
			{id: 88100102, name: "E2E", file: "e2e.yml", first: 2875, pulls: .55, push: true, fails: .19, trend: faster, jobs: []jobSpec{
				{"build", "Build the image", 180, "", ownRunners, 1, 0},
				{"e2e (1)", "Run npx playwright test", 620, "build", ownRunners, 3, 0},
				{"e2e (2)", "Run npx playwright test", 590, "build", ownRunners, 3, 0},
				{"e2e (3)", "Run npx playwright test", 655, "build", ownRunners, 3, 0},
				{"e2e (4)", "Run npx playwright test", 600, "build", ownRunners, 3, 0},
				{"report", "Merge the reports", 35, "e2e", hosted, 0, 0},
			}},
			{id: 88100103, name: "Nightly", file: "nightly.yml", first: 640, nightly: 2*hour + 17*minute, fails: .16, jobs: []jobSpec{
				{"build", "Build the image", 190, "", ownRunners, 1, 0},
				{"e2e-full (chromium)", "Run npx playwright test", 1750, "build", ownRunners, 3, 0},
				{"e2e-full (firefox)", "Run npx playwright test", 2050, "build", ownRunners, 3, 0},
				{"load test", "Run k6", 900, "build", ownRunners, 2, 0},
			}},
			{id: 88100104, name: "Deploy", file: "deploy.yml", first: 1502, after: "CI", fails: .05, jobs: []jobSpec{
				{"image", "Build and push the image", 140, "", hosted, 1, 0},
				{"deploy (staging)", "Deploy", 75, "image", ownRunners, 1, 0},
				{"smoke", "Check that it answers", 60, "deploy", hosted, 2, 0},
				{"production", "Deploy", 90, "smoke", ownRunners, 1, 0},
			}},
		},
	},
	{
		id: 710400102, name: "payments", about: "Ledger, gateway and payouts", language: "Go",
		queue: 0, branch: "main", pulls: 1.9,
		workflows: []workflowSpec{
			{id: 88100201, name: "CI", file: "ci.yml", first: 3120, pulls: 1, push: true, fails: .13, jobs: []jobSpec{
				{"lint", "Run golangci-lint", 85, "", hosted, 1, 0},
				{"build", "Run go build", 110, "", hosted, 1, 0},
				{"test (ledger)", "Run go test", 190, "build", hosted, 2, 0},
				{"test (gateway)", "Run go test", 230, "build", hosted, 3, 0},
			}},
			{id: 88100202, name: "E2E", file: "e2e.yml", first: 2964, pulls: .8, push: true, fails: .17, trend: slower, jobs: []jobSpec{
				{"image", "Build the image", 130, "", ownRunners, 1, 0},
				{"e2e (1)", "Run make e2e", 430, "image", ownRunners, 3, 0},
				{"e2e (2)", "Run make e2e", 470, "image", ownRunners, 3, 0},
				{"cleanup", "Remove the environment", 25, "e2e", ownRunners, 0, 0},
			}},
			{id: 88100203, name: "Release", file: "release.yml", first: 388, push: true, fails: .04, jobs: []jobSpec{
				{"image", "Build and push the image", 135, "", hosted, 1, 0},
				{"staging", "Deploy", 80, "image", ownRunners, 1, 0},
				{"production", "Deploy", 85, "staging", ownRunners, 1, .4},
			}},
		},
	},
	{
		id: 710400103, name: "mobile-app", about: "Mobile app for iOS and Android", language: "Kotlin",
		queue: 2, branch: "main", squash: true, pulls: 1.1,
		workflows: []workflowSpec{
			{id: 88100301, name: "CI", file: "ci.yml", first: 1830, pulls: 1, push: true, fails: .15, jobs: []jobSpec{
				{"lint", "Run the linters", 100, "", hosted, 1, 0},
				{"build (android)", "Run gradle assemble", 420, "lint", hosted, 1, 0},
				{"build (ios)", "Run xcodebuild", 610, "lint", macs, 2, 0},
				{"test (android)", "Run gradle test", 330, "build", hosted, 2, 0},
				{"test (ios)", "Run xcodebuild test", 380, "build", macs, 3, 0},
			}},
			{id: 88100302, name: "Nightly", file: "nightly.yml", first: 512, nightly: 3*hour + 40*minute, fails: .18, jobs: []jobSpec{
				{"e2e (android)", "Run maestro", 1500, "", macs, 1, 0},
				{"e2e (ios)", "Run maestro", 1800, "", macs, 1, 0},
			}},
			{id: 88100303, name: "Release", file: "release.yml", first: 96, release: .16, fails: .08, jobs: []jobSpec{
				{"bundle (android)", "Run gradle bundle", 520, "", hosted, 1, 0},
				{"bundle (ios)", "Run xcodebuild archive", 760, "", macs, 1, 0},
				{"publish", "Send to the stores", 120, "bundle", macs, 1, 2},
			}},
		},
	},
	{
		id: 710400104, name: "operations", about: "Databases, network and build machines as code", language: "HCL",
		queue: 3, branch: "master", pulls: .7, pushes: 1,
		workflows: []workflowSpec{
			{id: 88100401, name: "Plan", file: "plan.yml", first: 905, pulls: 1, push: true, fails: .08, jobs: []jobSpec{
				{"validate", "Run terraform validate", 40, "", hosted, 1, 0},
				{"plan", "Run terraform plan", 130, "validate", ownRunners, 2, 0},
			}},
			{id: 88100402, name: "Apply", file: "apply.yml", first: 744, after: "Plan", fails: .06, jobs: []jobSpec{
				{"apply", "Run terraform apply", 210, "", ownRunners, 1, 0},
			}},
			{id: 88100403, name: "Restore a backup", file: "restore.yml", first: 366, nightly: 4*hour + 5*minute, fails: .05, jobs: []jobSpec{
				{"restore", "Restore last night's backup", 1300, "", ownRunners, 1, 0},
				{"compare", "Compare the counts", 160, "restore", ownRunners, 1, 0},
			}},
		},
	},
	{
		id: 710400105, name: "receipts", about: "Receipts of the payments", language: "Python",
		queue: 0, branch: "master", pulls: .8,
		workflows: []workflowSpec{
			{id: 88100501, name: "tests", file: "tests.yml", first: 611, pulls: 1, push: true, fails: .12, jobs: []jobSpec{
				{"test (3.12)", "Run pytest", 130, "", hosted, 1, 0},
				{"test (3.13)", "Run pytest", 125, "", hosted, 1, 0},
			}},
			{id: 88100502, name: "deploy", file: "deploy.yml", first: 240, after: "tests", fails: .05, jobs: []jobSpec{
				{"deploy", "Deploy", 95, "", ownRunners, 1, 0},
			}},
		},
	},
	{
		id: 710400106, name: "runbooks", about: "What to do when something breaks",
		queue: 3, branch: "main", pulls: .1,
	},
}
