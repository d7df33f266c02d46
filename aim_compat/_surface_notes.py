"""The table, what is not as in Aim: names and members that differ or are absent, and the notes.

A row is (module, names or `Class.member`s, note); a note is a sentence that says how and why, and
for what is absent what to use instead.
"""

from __future__ import annotations

from aim_compat._surface_adapters import FRAMEWORKS

__all__ = ["ABSENT", "DIFFERS"]

_CALLBACKS = "better: a metric or param that cannot be recorded, and a run that cannot be written, "
_NO_STOP = _CALLBACKS + "are said once and training goes on. "

DIFFERS: tuple[tuple[str, str, str], ...] = (
    # callbacks and loggers of frameworks
    (
        "aim.sdk.adapters.hugging_face",
        "AimCallback.on_train_begin",
        f"{_NO_STOP}Models without a config are fine, `num_labels` is the config's where the model "
        "has none, and a training that is resumed from a checkpoint goes on in the run of that "
        "checkpoint, if it is there.",
    ),
    (
        "aim.sdk.adapters.hugging_face",
        "AimCallback.on_init_end",
        "better: makes no run yet, so that resuming leaves no empty one; `experiment` and the "
        "beginning of training do.",
    ),
    (
        "aim.sdk.adapters.hugging_face",
        "AimCallback.on_log",
        "better: a metric is taken for one of several evaluation sets only if its name begins "
        "with the set's, where Aim garbles names for what they have in common by chance; dicts "
        "are tracked as their parts.",
    ),
    (
        "aim.sdk.adapters.hugging_face",
        "AimCallback.experiment",
        "better: in processes that are not the first it takes calls and keeps nothing; Aim has "
        "None there.",
    ),
    (
        "aim.sdk.adapters.distributed_hugging_face",
        "AimCallback.__init__",
        f"{_NO_STOP}It does not wait for workers, and goes on without those that do not come.",
    ),
    (
        "aim.sdk.adapters.pytorch_lightning",
        "AimLogger.log_metrics",
        f"{_NO_STOP}Dicts are tracked as their parts.",
    ),
    (
        "aim.sdk.adapters.pytorch_lightning",
        "AimLogger.__init__",
        "better: it is a logger of `pytorch_lightning` if that is the package that is in use.",
    ),
    (
        "aim.sdk.adapters.pytorch_lightning",
        "AimLogger.save_dir",
        "the directory is .matyan, not .aim; better: None for a deployment, where Aim's would be "
        "a local directory named after the URL, so that checkpoints go to Lightning's own.",
    ),
    (
        "aim.sdk.adapters.pytorch_ignite",
        "AimLogger.log_metrics",
        f"{_NO_STOP}Processes other than the first record nothing, where each has a run in Aim.",
    ),
    (
        "aim.sdk.adapters.pytorch_ignite",
        "AimLogger.save_dir",
        "the directory is .matyan, not .aim; better: no run is made to tell it.",
    ),
    (
        "aim.sdk.adapters.fastai",
        "AimCallback.before_fit",
        f"{_NO_STOP}Searching for a learning rate and predicting are not recorded among the "
        "training.",
    ),
    (
        "aim.sdk.adapters.sb3",
        "AimOutputFormat.write",
        "better: any key is tracked, where Aim ends the training over one that has not exactly "
        "one slash.",
    ),
    (
        "aim.sdk.adapters.sb3",
        "AimCallback.setup",
        f"{_NO_STOP}The algorithm's other outputs stay, where Aim's callback takes their place.",
    ),
    (
        "aim.sdk.adapters.pytorch",
        "get_pt_tensor",
        "better: takes tensors of any device and type numpy has no word for, and sparse ones.",
    ),
    (
        "aim.ext.tensorboard_tracker",
        "Run",
        "better: TensorFlow is not needed, only the package tensorboard (extra `tensorboard`). "
        "Text and audio are tracked, too; so are files in directories that have directories "
        "below, which Aim loses, and what is written just before close().",
    ),
    ("aim.ext.cleanup", "RobustExec.join", "takes a timeout, too, as any thread's does."),
    # what is not as in Aim; also what is better (architecture, closeness 3)
    (
        "aim.sdk.run",
        "Run.__init__",
        "better: a second writer of a run is welcome, there are no locks; force_resume changes "
        "nothing.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.__setitem__",
        "better: numpy scalars, paths, dates, enums and sets are accepted as "
        "parameters and come back as plain values; objects without any plain form are refused "
        "with TypeError as in Aim.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.track",
        "better: any whole number is a step and any number an epoch, contexts may hold numpy "
        "scalars or be a Context, ints beyond 64 bits become floats, ints and floats mix without "
        "a warning; a dict is checked whole before any of it is written. Lists of plain values, "
        "which no reader of Aim finds, are not kept. In safe mode, too, a call with arguments "
        "that track does not have is a TypeError.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.get_terminal_logs",
        "better: no empty line after the last one, and what carriage returns and cursor movements "
        "leave on the screen stays.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.get_metric",
        "better: a dict or None stands for the context, as it does in track.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.dataframe",
        "better: an empty dict is shown as {}, an object has one column; Aim shows markers and "
        "handles of its storage.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.close",
        "better: closing twice, or a read-only run, is quiet; track() after close() still counts "
        "and warns once.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.metrics",
        "better: what was written is readable at once; there is no index step.",
    ),
    (
        "aim.sdk.sequence",
        "Sequence.values",
        "better: sparse_numpy(), last(), only_last and iteration give real steps in order for "
        "metrics, too, where Aim gives 64-bit hashes of steps in the order of the hashes.",
    ),
    (
        "aim.sdk.base_run",
        "BaseRun.meta_run_tree",
        "reads as in Aim, shows attrs, contexts, traces, typed_traces and end_time, and keeps with "
        "the run what else is set; terminal lines and log messages are not among the traces.",
    ),
    (
        "aim.sdk.base_run",
        "BaseRun.meta_tree",
        "shows attrs, contexts and traces_types of this run, to read; there are no chunks.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.meta_attrs_tree",
        "to read; parameters are set by run[...] or meta_run_attrs_tree.",
    ),
    (
        "aim.sdk.run",
        "BasicRun.iter_sequence_info_by_type",
        "better: '*' lists all sequences, where Aim raises a ValueError about None.",
    ),
    (
        "aim.sdk.repo",
        "Repo.path",
        "the repository's directory is .matyan, not .aim; paths that end in .aim are understood.",
    ),
    (
        "aim.sdk.repo",
        "Repo.structured_db",
        "a stand-in: look-ups of runs, experiments and tags by id and name, and editing them; "
        "experiments that no run has appear once they are made.",
    ),
    (
        "aim.sdk.sequence",
        "SequenceData.__init__ SequenceV1Data.__init__ SequenceV2Data.__init__",
        "made by sequences, not by hand; its methods are Aim's.",
    ),
    (
        "aim.sdk.sequence",
        "SequenceV2Data.range",
        "better: a range of a metric's steps works, where Aim raises ValueError.",
    ),
    (
        "aim.storage.treearrayview",
        "TreeArrayView.__init__",
        "made by sequences, not by hand; its methods are Aim's.",
    ),
    (
        "aim.sdk.sequence_collection",
        "QueryRunSequenceCollection.query SingleRunSequenceCollection.query",
        "the text of the query; Aim has an object of its query engine there.",
    ),
    (
        "aim.sdk.sequence_collection",
        "SingleRunSequenceCollection.iter",
        "better: a query works without runs_proxy_cache, where Aim logs an error and finds "
        "nothing.",
    ),
    (
        "aim.sdk.repo",
        "Repo.copy_runs",
        "better: an unknown run makes it return (False, remaining) instead of hanging.",
    ),
    (
        "aim.sdk.objects.image",
        "Image.__init__",
        "better: takes pathlib paths, `~`, format='jpg', float arrays in 0-1, integer arrays of "
        "any width in 0-255, and images in modes the format lacks (CMYK, F, transparency over "
        "white in JPEG). A file whose format is not changed keeps its bytes instead of being "
        "encoded again. `storage['mode']` is the mode of the picture as it is stored.",
    ),
    (
        "aim.sdk.objects.image",
        "Image.caption",
        "better: a caption that cannot be stored, such as a tensor, is stored as its str() instead "
        "of failing the call of track().",
    ),
    (
        "aim.storage.object",
        "CustomObject.storage",
        "better: paths lead into objects that are fields of others, too; iteration, len() and `in` "
        "work.",
    ),
    (
        "aim.sdk.objects.audio",
        "Audio.__init__",
        "better: takes pathlib paths and `~`; 8-bit signed samples are stored as 8-bit WAV has "
        "them; arrays of more than two dimensions are refused (ValueError) instead of garbled.",
    ),
    (
        "aim.sdk.objects.distribution",
        "Distribution.__init__",
        "better: takes torch tensors that track gradients; weights that are no numbers are refused "
        "(TypeError) instead of stored as memory addresses.",
    ),
    (
        "aim.ext.notebook.notebook",
        "up",
        "the web interface is a package of its own: `%aim up` says how to start it, and how to "
        "look at runs without.",
    ),
    (
        "aim.storage.object",
        "CustomObject.by_name",
        "better: stored objects whose class is not registered in the reading process come back as "
        "an `UnregisteredObject` with all of their storage; Aim raises KeyError.",
    ),
    (
        "aim.sdk.objects.artifact",
        "Artifact.upload",
        "better: a name that leaves the store ('..', an absolute path) is refused (ValueError); an "
        "upload that fails in the background is logged, where Aim says nothing.",
    ),
    (
        "aim.storage.artifacts.artifact_registry",
        "ArtifactStorageRegistry.get_storage",
        "better: schemes nobody registered (gs, abfs, sftp, ...) are tried with fsspec (extra "
        "`fsspec`); boto3 comes with the extra `s3`.",
    ),
    (
        "aim.storage.artifacts.filesystem_storage",
        "FilesystemArtifactStorage.delete_artifact",
        "better: removes files; Aim's can only remove directories.",
    ),
    (
        "aim.storage.artifacts.filesystem_storage",
        "FilesystemArtifactStorage.__init__",
        "better: all that follows file:// is the path, `#` and `?` in it included.",
    ),
)

_WAV = "it is how Aim writes WAV bytes; use Audio, or a library such as soundfile."
_ADAPTERS = (
    "there is no adapter for this framework; track from its own callbacks with run.track(...)."
)
_UPLOADS = "uploads in the background are waited for at the end of the process without it."
_ENGINE = (
    "it belongs to Aim's RocksDB engine, which has no counterpart here; what Run and Repo offer "
    "is the way to the data."
)
_INDEX = "there is no index to build: what was written is readable at once. Leave the call out."
_LOCKS = "runs are not locked here; several writers of one run are welcome. Leave the call out."
_REMOTE = (
    "Aim's own remote protocol is not spoken here; Run(repo='aim://host:port') leads to a Matyan "
    "deployment."
)
_REPORTER = (
    "runs report by themselves that they are alive; run.report_progress() and "
    "run.report_successful_finish() are the way to say more."
)
_TRANSPORT_MODULES = (
    "client handlers heartbeat message_utils remote_resource request_queue router run server "
    "tracking utils"
)
_CLI_MODULES = "convert init runs server storage up utils version watcher_cli"
_CLI = "the commands are in `aim-compat --help`; for code, use Repo and Run."
_UI = "Matyan has its own UI and server; see `matyan-client --help`."
_SYSTEM = (
    "system metrics are switched on by Run(system_tracking_interval=seconds) and read as metrics "
    "named __system__..."
)
_URIS = (
    "URIs of stored bytes are for Aim's own web API; read the bytes from the objects that have "
    "them, as in image.data.load()."
)
_SANDBOX = (
    "queries are not run as Python here, so there is no sandbox; syntax_error_check(query) and "
    "repo.query_*(...) are the way to check and to ask."
)
_PARAMS = "it is switched on by Run(log_system_params=True) and read from run['__system_params']."

_DATABASE = (
    "Aim's relational database has no counterpart here; repo.structured_db and run.props have "
    "look-ups and properties of runs, experiments and tags."
)

ABSENT: tuple[tuple[str, str, str], ...] = (
    # members of classes that are here
    ("aim.sdk.base_run", "BaseRun.series_run_trees", _ENGINE),
    (
        "aim.sdk.repo",
        "Repo.container_pool Repo.encryption_key Repo.meta_tree Repo.persistent_pool "
        "Repo.request_container Repo.request_tree",
        _ENGINE,
    ),
    ("aim.sdk.repo", "Repo.request_run_lock", _LOCKS),
    (
        "aim.sdk.sequence",
        "Sequence.series_tree SequenceData.arrays SequenceData.series_tree "
        "SequenceData.step_hash SequenceV2Data.meta_tree",
        _ENGINE,
    ),
    (
        "aim.sdk.sequence_collection",
        "QuerySequenceCollection.runs_proxy_cache SingleRunSequenceCollection.runs_proxy_cache",
        _ENGINE,
    ),
    (
        "aim.storage.arrayview",
        "ArrayView.__delitem__ ArrayView.__setitem__",
        "series are written by run.track(...).",
    ),
    (
        "aim.storage.treearrayview",
        "TreeArrayView.__delitem__ TreeArrayView.__setitem__ TreeArrayView.allocate "
        "TreeArrayView.update",
        "series are written by run.track(...).",
    ),
    ("aim.storage.treearrayview", "TreeArrayView.tree", _ENGINE),
    ("aim.storage.query", "RestrictedPythonQuery.run_metadata_cache", _ENGINE),
    # names and modules
    *(
        (f"{module}.{name}", "*", _ADAPTERS)
        for name in (
            "acme catboost distributed_hugging_face fastai hugging_face keras keras_mixins "
            "keras_tuner lightgbm mxnet optuna paddle prophet pytorch pytorch_ignite "
            "pytorch_lightning sb3 tensorflow xgboost"
        ).split()
        if name not in FRAMEWORKS
        for module in ("aim", "aim.sdk.adapters")
        if (module, name) != ("aim", "keras_mixins")
    ),
    (
        "aim.sdk.adapters.distributed_hugging_face",
        "IncompleteDataError IncompleteHeaderError IncompletePackageError MetricsReceiver "
        "MetricsReporter ResourceTrackerForwarder packet_decode packet_encode",
        "it is how Aim's workers send their system metrics; AimCallback does that by itself.",
    ),
    ("aim.sdk.objects.io", "*", _WAV),
    *((f"aim.cli.{name}", "*", _CLI) for name in _CLI_MODULES.split()),
    ("aim.ext.notebook.notebook", "display_colab display_notebook", _UI),
    *((f"aim.web.{name}", "*", _UI) for name in "api middlewares migrations run utils".split()),
    ("aim.ext.notifier", "*", _UI),
    ("aim.ext.pynvml", "*", "install nvidia-ml-py and import pynvml."),
    ("aim.ext.resource", "ResourceTracker", _SYSTEM),
    ("aim.ext.resource.tracker", "*", _SYSTEM),
    ("aim.ext.sshfs", "*", "mount the directory yourself, then pass its path."),
    ("aim.ext.task_queue", "*", _ENGINE),
    *((f"aim.ext.transport.{name}", "*", _REMOTE) for name in _TRANSPORT_MODULES.split()),
    ("aim.sdk.base_run", "STEP_HASH_FUNCTIONS TreeView", _ENGINE),
    ("aim.ext.utils", "fallback_exception_handler http_exception_handler", _UI),
    ("aim.sdk.index_manager", "ChunkChangedHandler NewChunkCreatedHandler", _INDEX),
    (
        "aim.sdk.index_manager",
        "RepoIndexManager.chunk_change_handler RepoIndexManager.chunk_change_observer "
        "RepoIndexManager.chunks_dir RepoIndexManager.indexing_queue RepoIndexManager.lock "
        "RepoIndexManager.monitor_chunk_directory RepoIndexManager.new_chunk_handler "
        "RepoIndexManager.new_chunk_observer",
        _INDEX,
    ),
    (
        "aim.sdk.lock_manager",
        "LockManager.is_stalled_lock LockManager.lock LockManager.locks_path",
        _LOCKS,
    ),
    ("aim.sdk.maintenance_run", "RunAutoClean", _LOCKS),
    ("aim.sdk.query_analyzer", "*", "queries are parsed and indexed without it."),
    (
        "aim.sdk.query_utils",
        "AimObjectProxy ContextView.view MetricsView ModelMappedRun RunView.db "
        "RunView.meta_run_attrs_tree RunView.meta_run_tree RunView.proxy_cache "
        "RunView.structured_run_cls StructuredObject TreeView",
        "it is how Aim evaluates queries; use repo.query_*(...).",
    ),
    ("aim.ext.transport", "Client", _REMOTE),
    ("aim.sdk.remote_repo_proxy", "*", _REMOTE),
    ("aim.sdk.remote_run_reporter", "*", _REMOTE),
    (
        "aim.sdk.repo",
        "Container ContainerConfig DB ProxyLock ProxyTree RepoAutoClean "
        "RocksContainer RocksUnionContainer StructuredRunProxy TaskQueue",
        _ENGINE,
    ),
    ("aim.sdk.repo", "Client RemoteRepoProxy", _REMOTE),
    (
        "aim.sdk.repo",
        "mount_remote_repo unmount_remote_repo",
        "mount the directory yourself, then pass its path.",
    ),
    ("aim.sdk.reporter", "*", _REPORTER),
    ("aim.sdk.run", "BasicRunAutoClean TreeView backup_run", _ENGINE),
    ("aim.sdk.run", "LocalFileManager RunStatusReporter ScheduledStatusReporter", _REPORTER),
    ("aim.sdk.run", "RemoteFileManager RemoteRunHeartbeatReporter", _REMOTE),
    ("aim.sdk.run", "ResourceTracker", _SYSTEM),
    ("aim.sdk.run_status_manager", "*", _REPORTER),
    ("aim.sdk.run_status_watcher", "*", _UI),
    ("aim.sdk.uri_service", "*", _URIS),
    ("aim.sdk.sequence", "STEP_HASH_FUNCTIONS TreeView", _ENGINE),
    (
        "aim.sdk.sequence_collection",
        "QueryExpressionTransformer RunView SequenceView",
        "it is how Aim evaluates queries; use repo.query_*(...).",
    ),
    ("aim.sdk.tracker", "STEP_HASH_FUNCTIONS SequenceInfo", _ENGINE),
    (
        "aim.sdk.tracker",
        "RunTracker.contexts RunTracker.idx_to_ctx RunTracker.meta_run_tree RunTracker.meta_tree "
        "RunTracker.sequence_infos RunTracker.series_run_trees RunTracker.track_rate_warn",
        _ENGINE,
    ),
    ("aim.sdk.utils", "backup_run restore_run_backup", _ENGINE),
    ("aim.storage.artifacts.s3_storage", "S3ArtifactsStorageAutoClean", _UPLOADS),
    ("aim.storage.container", "*", _ENGINE),
    ("aim.storage.encoding", "*", _ENGINE),
    ("aim.storage.hashing.c_hash", "*", _ENGINE),
    ("aim.storage.hashing.hashing", "decode_int64 encode_int64", _ENGINE),
    ("aim.storage.lock_proxy", "*", _LOCKS),
    ("aim.storage.locking", "AutoFileLock FileSystemInspector NoopLock RefreshLock", _LOCKS),
    ("aim.storage.migrations", "*", _ENGINE),
    ("aim.storage.proxy", "*", _ENGINE),
    (
        "aim.storage.query",
        "builtins compile_checker extra_builtins limited_builtins restricted_globals "
        "safe_builtins safe_import safer_getattr utility_builtins",
        _SANDBOX,
    ),
    ("aim.storage.rockscontainer", "*", _ENGINE),
    ("aim.storage.structured", "*", _DATABASE),
    *(
        (f"aim.storage.{name}", "*", _ENGINE)
        for name in (
            "containertreeview env prefixview treeutils treeutils_non_native treeviewproxy"
        ).split()
    ),
    ("aim.storage.union", "*", _ENGINE),
    (
        "aim.storage.utils",
        "ArrayFlagType CustomObjectFlagType KeysIterator ObjectFlagType ValuesIterator",
        _ENGINE,
    ),
)
