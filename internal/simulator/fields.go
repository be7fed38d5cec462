package simulator

// Fields as the changelog names them, by index.
const (
	fieldStatus index = iota
	fieldStatusStart
	fieldResolution
	fieldQueue
	fieldKey
	fieldAssignee
	fieldQA
	fieldPriority
	fieldType
	fieldPoints
	fieldSeverity
	fieldComponents
	fieldTags
	fieldFollowers
	fieldSprint
	fieldSummary
	fieldDescription
	fieldDeadline
	fieldEstimate
	fieldChecklist
	fieldSpent
	fieldVotes
)

// fields are named by key; that of the local field is per queue.
var fields = []entry{
	{key: "status", en: "Status", ru: "Статус"},
	{key: "statusStartTime", en: "Status updated", ru: "Статус обновлён"},
	{key: "resolution", en: "Resolution", ru: "Резолюция"},
	{key: "queue", en: "Queue", ru: "Очередь"},
	{key: "key", en: "Key", ru: "Ключ"},
	{key: "assignee", en: "Assignee", ru: "Исполнитель"},
	{key: "qaEngineer", en: "QA engineer", ru: "QA-инженер"},
	{key: "priority", en: "Priority", ru: "Приоритет"},
	{key: "type", en: "Type", ru: "Тип"},
	{key: "storyPoints", en: "Story Points", ru: "Story Points"},
	{key: "severity", en: "Severity", ru: "Серьёзность"},
	{key: "components", en: "Components", ru: "Компоненты"},
	{key: "tags", en: "Tags", ru: "Теги"},
	{key: "followers", en: "Followers", ru: "Наблюдатели"},
	{key: "sprint", en: "Sprint", ru: "Спринт"},
	{key: "summary", en: "Summary", ru: "Название"},
	{key: "description", en: "Description", ru: "Описание"},
	{key: "deadline", en: "Deadline", ru: "Дедлайн"},
	{key: "estimation", en: "Estimate", ru: "Оценка"},
	{key: "checklistTotal", en: "Checklist items", ru: "Пунктов в чеклисте"},
	{key: "spent", en: "Time spent", ru: "Затрачено времени"},
	{key: "votes", en: "Votes", ru: "Голоса"},
}
