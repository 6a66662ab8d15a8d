"""Names of Kotlin's standard library whose calls hold or run what they are given."""

COLLECTIONS = frozenset(
    (
        "listOf",
        "listOfNotNull",
        "mutableListOf",
        "arrayListOf",
        "arrayOf",
        "setOf",
        "mutableSetOf",
        "hashSetOf",
        "linkedSetOf",
        "sequenceOf",
        "emptyList",
        "emptySet",
        "emptyArray",
    )
)
PAIRS = frozenset(("mapOf", "mutableMapOf", "hashMapOf", "linkedMapOf", "emptyMap"))
# A lambda given to one of these runs in place, once: its statements are the enclosing function's.
RUNNING = frozenset(
    (
        "run",
        "runBlocking",
        "runTest",
        "coroutineScope",
        "supervisorScope",
        "withContext",
        "withTimeout",
        "withTimeoutOrNull",
        "async",
        "launch",
        "synchronized",
        "runCatching",
        "transaction",
        "measureTime",
        "measureTimeMillis",
        "lazy",
    )
)
TAKING = frozenset(("let", "also", "use", "with", "onSuccess"))  # these hand their object to the lambda
BUILDING = frozenset(("buildString", "buildList", "buildMap", "buildSet"))
SCOPES = RUNNING | TAKING | BUILDING | {"apply"}
