package simulator

// entry is one row of a dictionary: a status, a type, a priority, a resolution.
// Its index in the dictionary is what the generator works with; index 0 means
// "none" everywhere.
type entry struct {
	id  int
	key string
	en  string
	ru  string
	typ string // of a status; "" for a custom one, which is then left out
}

// index is a position in a dictionary.
type index = uint8

// Statuses, by index.
const (
	statusNone index = iota
	statusOpen
	statusNeedInfo
	statusInProgress
	statusTesting
	statusReadyForRelease
	statusClosed
	statusResolved
	statusInReview
	statusBacklog
	statusSelectedForDev
	statusReadyForTest
	statusCancelled
	statusTriage
	statusMitigation
	statusWatching
	statusDone
	statusOnHold
)

// statuses hold those that every organisation has, and the ones OPS made for
// itself: Tracker gives no type for those.
var statuses = []entry{
	{},
	{1, "open", "Open", "Открыт", "new"},
	{2, "needInfo", "Need info", "Требуется информация", "paused"},
	{3, "inProgress", "In progress", "В работе", "inProgress"},
	{4, "testing", "Testing", "Тестируется", "inProgress"},
	{5, "readyForRelease", "Ready for release", "Готово к релизу", "inProgress"},
	{6, "closed", "Closed", "Закрыт", "done"},
	{7, "resolved", "Resolved", "Решён", "done"},
	{8, "inReview", "In review", "Ревью", "inProgress"},
	{10, "backlog", "Backlog", "Бэклог", "new"},
	{11, "selectedForDev", "Selected for development", "Будем делать", "new"},
	{12, "readyForTest", "Ready for testing", "Можно тестировать", "inProgress"},
	{13, "cancelled", "Cancelled", "Отменено", "cancelled"},
	{41, "triage", "Triage", "Разбор", ""},
	{42, "mitigation", "Mitigation", "Устранение", ""},
	{43, "watching", "Watching", "Наблюдение", ""},
	{44, "done", "Done", "Готово", ""},
	{14, "onHold", "On hold", "Приостановлено", "paused"},
}

// Issue types, by index.
const (
	typeNone index = iota
	typeBug
	typeTask
	typeImprovement
	typeEpic
	typeStory
	typeIncident
	typeRequest
)

var issueTypes = []entry{
	{},
	{id: 1, key: "bug", en: "Bug", ru: "Ошибка"},
	{id: 2, key: "task", en: "Task", ru: "Задача"},
	{id: 4, key: "improvement", en: "Improvement", ru: "Улучшение"},
	{id: 5, key: "epic", en: "Epic", ru: "Эпик"},
	{id: 6, key: "story", en: "Story", ru: "История"},
	{id: 7, key: "incident", en: "Incident", ru: "Инцидент"},
	{id: 8, key: "serviceRequest", en: "Service request", ru: "Запрос на обслуживание"},
}

// Priorities, by index.
const (
	priorityNone index = iota
	priorityTrivial
	priorityMinor
	priorityNormal
	priorityCritical
	priorityBlocker
)

var priorities = []entry{
	{},
	{id: 1, key: "trivial", en: "Trivial", ru: "Незначительный"},
	{id: 2, key: "minor", en: "Minor", ru: "Низкий"},
	{id: 3, key: "normal", en: "Medium", ru: "Средний"},
	{id: 4, key: "critical", en: "Critical", ru: "Критичный"},
	{id: 5, key: "blocker", en: "Blocker", ru: "Блокер"},
}

// Resolutions, by index.
const (
	resolutionNone index = iota
	resolutionFixed
	resolutionWontFix
	resolutionCantReproduce
	resolutionDuplicate
	resolutionLater
)

var resolutions = []entry{
	{},
	{id: 1, key: "fixed", en: "Fixed", ru: "Решен"},
	{id: 2, key: "wontFix", en: "Won't fix", ru: "Не будет исправлено"},
	{id: 3, key: "cantReproduce", en: "Can't reproduce", ru: "Не воспроизводится"},
	{id: 4, key: "duplicate", en: "Duplicate", ru: "Дубликат"},
	{id: 5, key: "later", en: "Later", ru: "Позже"},
}

// lookUp is the index of the entry with this key or this name in any language,
// 0 when there is none.
func lookUp(dictionary []entry, name string) index {
	for i, e := range dictionary[1:] {
		if equalFold(name, e.key) || equalFold(name, e.en) || equalFold(name, e.ru) {
			return index(i + 1)
		}
	}
	return 0
}
