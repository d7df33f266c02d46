"""The table, names that are here: names of Aim 3.29.1 by module, and where they live.

Members of classes are in `_surface_members.py`, what differs or is absent in `_surface_notes.py`;
`_surface.py` answers questions about all of it. Adapters of frameworks come from
`_surface_adapters.py`.
"""

from __future__ import annotations

from typing import Any

from aim_compat import _surface_adapters

__all__ = ["AIM_VERSION", "CONSTANTS", "HOMES", "MODULES", "NEED_A_LIBRARY"]

AIM_VERSION = "3.29.1"

HOMES = {
    name: f"{module}:{name}"
    for module, line in {
        "aim_compat.base_run": "BaseRun generate_run_hash",
        "aim_compat.run_properties": "StructuredRunMixin",
        "aim_compat.run": "BasicRun Run",
        "aim_compat.repo": "Repo get_repo",
        "aim_compat.locations": "clean_repo_path get_aim_repo_name search_aim_repo work_directory",
        "aim_compat.objects": "Image Audio Text Distribution Figure Artifact LogLine LogRecord "
        "CustomObject CustomObjectBase InMemoryTreeView TreeView convert_to_aim_image_list "
        "matplotlib_get_offset_position",
        "aim_compat.sequences": "Sequence MediaSequenceBase Metric Images Audios Texts "
        "Distributions Figures Logs LogRecords SEQUENCE_TYPE_MAP T",
        "aim_compat.views": "ArrayView TreeArrayView SequenceData SequenceV1Data SequenceV2Data",
        "aim_compat.query": "SequenceCollection SingleRunSequenceCollection "
        "QuerySequenceCollection QueryRunSequenceCollection",
        "aim_compat.context": "Context",
        "aim_compat.errors": "MissingRunError RepoIntegrityError RunLockingError",
        "aim_compat.hashing": "hash_auto",
        "aim_compat.types": "QueryReportMode RepoStatus BLOB AimObject AimObjectArray "
        "AimObjectDict AimObjectKey AimObjectPath AimObjectPrimitive",
        "aim_compat.artifacts": "AbstractArtifactStorage ArtifactStorage ArtifactStorageRegistry "
        "FilesystemArtifactStorage S3ArtifactStorage S3ArtifactStorage_clientconfig "
        "S3ArtifactStorage_factory registry",
        "aim_compat.datasets.hugging_face": "HFDataset",
        "aim_compat.datasets.dvc": "DvcData",
        "aim_compat.datasets.hub": "HubDataset",
        "aim_compat.datasets.deeplake": "DeeplakeDataset UncommittedDatasetWarning "
        "ViewOnUncommittedDatasetWarning",
        "aim_compat.handlers": "CallbackHandler Caller On add_handler_event_name "
        "check_handler_method_params event get_handler_event_names handles_events on "
        "predefine_event",
        "aim_compat.training_flow": "TrainingFlow",
        "aim_compat.run_tracker": "RunTracker",
        "aim_compat.tensorboard_tracker": "TensorboardEvent TensorboardEventConsumer "
        "TensorboardFolderTracker TensorboardTracker",
        "aim_compat.numbers": "convert_to_py_number get_inst_base_types get_inst_type_str "
        "inst_has_typename is_jax_device_array is_number is_numpy_array is_numpy_number "
        "is_py_number is_pytorch_tensor is_tf_tensor",
        "aim_compat.typenames": "any_list_regex check_types_compatibility get_object_typename",
        "aim_compat.environment": "get_environment_variables get_git_info get_installed_packages",
        "aim_compat.cleanup": "AutoClean RobustExec",
        "aim_compat.safe_none": "SafeNone Singleton",
        "aim_compat.query_views": "ContextView RunView SequenceView",
        "aim_compat.query_texts": "Query RestrictedPythonQuery query_add_default_expr strip_query "
        "syntax_error_check",
        "aim_compat.resources": "Stat StatDict round10e5",
        "aim_compat.maintenance": "LockInfo LockManager LockType LockingVersion MaintenanceRun "
        "RepoIndexManager RunLock SFRunLock prune",
        "aim_compat.deprecation": "deprecation_warning python_version_deprecation_check",
        "aim_compat.cli.entry": "cli_entry_point",
        "aim_compat.cli.actions": "COMMANDS ManagerActionResult ManagerActionStatuses run_process "
        "run_up run_version validate_command",
        "aim_compat.notebook": "ERROR_MSG_PREFIX UP_NAME VERSION_NAME execute_magic_aim "
        "get_argument_options get_execution_context handlers load_ipython_extension up version",
        "aim_compat.safe_mode": "disable_safe_mode enable_safe_mode exception_resistant noexcept "
        "set_exception_callback",
    }.items()
    for name in line.split()
} | {
    "aim.ext.tensorboard_tracker.Run": "aim_compat.tensorboard_tracker:Run",
    "aim.ext.tensorboard_tracker.run.Run": "aim_compat.tensorboard_tracker:Run",
    **_surface_adapters.homes(),
}
"""Where each name lives, whichever modules of Aim hand it out; dotted ones in that module only."""

_ALIASES = "AimObject AimObjectArray AimObjectDict AimObjectKey AimObjectPath AimObjectPrimitive"
_CLASSES = (
    "Run Repo Image Images Audio Audios Text Texts Distribution Distributions Figure Figures "
    "Metric TrainingFlow"
)

MODULES: dict[str, str] = {
    **_surface_adapters.modules(),
    "aim": f"{_CLASSES} load_ipython_extension python_version_deprecation_check run_process",
    "aim.__about__": "",
    "aim.__version__": "",
    "aim.cli": "",
    "aim.cli.cli": "cli_entry_point",
    "aim.cli.configs": "",
    "aim.cli.manager": "",
    "aim.cli.manager.manager": "COMMANDS ManagerActionResult ManagerActionStatuses run_process "
    "run_up run_version validate_command",
    "aim.ext": "",
    "aim.ext.exception_resistant": "disable_safe_mode enable_safe_mode exception_resistant "
    "noexcept set_exception_callback",
    "aim.ext.cleanup": "AutoClean RobustExec",
    "aim.ext.notebook": "",
    "aim.ext.notebook.notebook": "ERROR_MSG_PREFIX UP_NAME VERSION_NAME execute_magic_aim "
    "get_argument_options get_execution_context handlers load_ipython_extension up version",
    "aim.ext.resource": "",
    "aim.ext.resource.configs": "",
    "aim.ext.resource.log": "CustomObject LogLine Logs MediaSequenceBase Text",
    "aim.ext.resource.stat": "Stat StatDict round10e5",
    "aim.ext.resource.utils": "round10e5",
    "aim.ext.tensorboard_tracker": "Run",
    "aim.ext.tensorboard_tracker.run": "Run TensorboardTracker",
    "aim.ext.tensorboard_tracker.tracker": "Audio Distribution Image TensorboardEvent "
    "TensorboardEventConsumer TensorboardFolderTracker TensorboardTracker",
    "aim.ext.transport": "",
    "aim.ext.transport.config": "",
    "aim.ext.utils": "get_environment_variables get_git_info get_installed_packages",
    "aim.hf_dataset": "HFDataset",
    "aim.sdk": _CLASSES,
    "aim.sdk.base_run": "BaseRun MissingRunError generate_run_hash get_repo hash_auto",
    "aim.sdk.callbacks": "Caller event predefine_event",
    "aim.sdk.callbacks.caller": "CallbackHandler Caller get_handler_event_names handles_events",
    "aim.sdk.callbacks.events": "On add_handler_event_name check_handler_method_params on",
    "aim.sdk.callbacks.helpers": "add_handler_event_name check_handler_method_params "
    "get_handler_event_names handles_events predefine_event",
    "aim.sdk.configs": "get_aim_repo_name",
    "aim.sdk.data_version": "",
    "aim.sdk.errors": "MissingRunError RepoIntegrityError RunLockingError",
    "aim.sdk.index_manager": "Repo RepoIndexManager",
    "aim.sdk.lock_manager": "LockInfo LockManager LockType LockingVersion RunLock RunLockingError "
    "SFRunLock",
    "aim.sdk.logging": "LogRecord LogRecords",
    "aim.sdk.logging.log_record": "CustomObject LogRecord LogRecords Sequence hash_auto",
    "aim.sdk.maintenance_run": "AutoClean BaseRun MaintenanceRun",
    "aim.sdk.num_utils": "convert_to_py_number get_inst_base_types get_inst_type_str "
    "inst_has_typename is_jax_device_array is_number is_numpy_array is_numpy_number is_py_number "
    "is_pytorch_tensor is_tf_tensor",
    "aim.sdk.objects": "Audio Distribution Figure Image Text",
    "aim.sdk.objects.artifact": "Artifact CustomObject registry",
    "aim.sdk.objects.audio": "Audio BLOB CustomObject inst_has_typename",
    "aim.sdk.objects.distribution": "BLOB CustomObject Distribution",
    "aim.sdk.objects.figure": "BLOB CustomObject Figure inst_has_typename "
    "matplotlib_get_offset_position",
    "aim.sdk.objects.image": "BLOB CustomObject Image convert_to_aim_image_list inst_has_typename",
    "aim.sdk.objects.plugins": "",
    "aim.sdk.objects.plugins.deeplake_dataset": "CustomObject DeeplakeDataset "
    "UncommittedDatasetWarning ViewOnUncommittedDatasetWarning",
    "aim.sdk.objects.plugins.dvc_metadata": "CustomObject DvcData",
    "aim.sdk.objects.plugins.hf_datasets_metadata": "CustomObject HFDataset",
    "aim.sdk.objects.plugins.hub_dataset": "CustomObject HubDataset",
    "aim.sdk.objects.text": "BLOB CustomObject Text",
    "aim.sdk.query_utils": "AimObject Context ContextView RunView SafeNone SequenceView",
    "aim.sdk.repo_utils": "get_repo",
    "aim.sdk.repo": "AutoClean LockManager QueryReportMode QueryRunSequenceCollection "
    "QuerySequenceCollection Repo RepoIntegrityError RepoStatus Run RunLock Sequence "
    "clean_repo_path get_aim_repo_name search_aim_repo",
    "aim.sdk.run": "AimObject Artifact AutoClean BaseRun BasicRun Context LogRecord LogRecords Run "
    "RunTracker SEQUENCE_TYPE_MAP Sequence SingleRunSequenceCollection StructuredRunMixin "
    "get_environment_variables get_git_info get_installed_packages noexcept",
    "aim.sdk.sequence": "ArrayView Context MediaSequenceBase Sequence SequenceData SequenceV1Data "
    "SequenceV2Data T hash_auto",
    "aim.sdk.sequence_collection": "QueryReportMode QueryRunSequenceCollection "
    "QuerySequenceCollection RestrictedPythonQuery Sequence SequenceCollection "
    "SingleRunSequenceCollection",
    "aim.sdk.sequences": "",
    "aim.sdk.sequences.audio_sequence": "Audio Audios MediaSequenceBase",
    "aim.sdk.sequences.distribution_sequence": "Distribution Distributions Sequence",
    "aim.sdk.sequences.figure_sequence": "Figure Figures Sequence",
    "aim.sdk.sequences.image_sequence": "Image Images MediaSequenceBase",
    "aim.sdk.sequences.metric": "Metric Sequence",
    "aim.sdk.sequences.sequence_type_map": "SEQUENCE_TYPE_MAP",
    "aim.sdk.sequences.text_sequence": "MediaSequenceBase Text Texts",
    "aim.sdk.tracker": "AimObject Context CustomObject RunTracker SEQUENCE_TYPE_MAP "
    "check_types_compatibility convert_to_py_number get_object_typename hash_auto is_number",
    "aim.sdk.training_flow": "Caller Run TrainingFlow event",
    "aim.sdk.types": f"{_ALIASES} BLOB CustomObjectBase QueryReportMode SafeNone Singleton",
    "aim.sdk.utils": "CustomObject any_list_regex check_types_compatibility clean_repo_path "
    "generate_run_hash get_aim_repo_name get_object_typename prune search_aim_repo work_directory",
    "aim.utils": "disable_safe_mode enable_safe_mode",
    "aim.utils.deprecation": "deprecation_warning python_version_deprecation_check",
    "aim.web": "",
    "aim.web.configs": "",
    "aim.storage": "",
    "aim.storage.arrayview": "ArrayView",
    "aim.storage.artifacts": "ArtifactStorage registry",
    "aim.storage.artifacts.artifact_registry": "ArtifactStorageRegistry "
    "FilesystemArtifactStorage S3ArtifactStorage registry",
    "aim.storage.artifacts.artifact_storage": "AbstractArtifactStorage",
    "aim.storage.artifacts.filesystem_storage": "AbstractArtifactStorage FilesystemArtifactStorage",
    "aim.storage.artifacts.s3_storage": "AbstractArtifactStorage AutoClean S3ArtifactStorage "
    "S3ArtifactStorage_clientconfig S3ArtifactStorage_factory",
    "aim.storage.context": "AimObject Context hash_auto",
    "aim.storage.hashing": "hash_auto",
    "aim.storage.hashing.hashing": "hash_auto",
    "aim.storage.locking": "RunLock",
    "aim.storage.inmemorytreeview": "AimObject AimObjectKey AimObjectPath CustomObjectBase "
    "InMemoryTreeView TreeArrayView",
    "aim.storage.object": "CustomObject CustomObjectBase InMemoryTreeView",
    "aim.storage.query": "Query RestrictedPythonQuery query_add_default_expr strip_query "
    "syntax_error_check",
    "aim.storage.treearrayview": "TreeArrayView",
    "aim.storage.treeview": "AimObject AimObjectKey AimObjectPath TreeView",
    "aim.storage.types": f"{_ALIASES} BLOB CustomObjectBase SafeNone Singleton",
    "aim.storage.utils": "BLOB",
}
"""Modules of Aim and the names they hand out here."""

_COMMANDS = {
    "CONVERT": "convert",
    "INIT_NAME": "init",
    "RUNS_NAME": "runs",
    "SERVER_NAME": "server",
    "STORAGE": "storage",
    "UP_NAME": "up",
    "VERSION_NAME": "version",
}

NEED_A_LIBRARY = {
    **_surface_adapters.needed(),
    "aim.hf_dataset": "datasets",
    "aim.sdk.objects.plugins.deeplake_dataset": "deeplake",
    "aim.sdk.objects.plugins.dvc_metadata": "dvc",
    "aim.sdk.objects.plugins.hf_datasets_metadata": "datasets",
    "aim.sdk.objects.plugins.hub_dataset": "hub",
}
"""Modules that are about a library, one of these, and whose import fails where none is installed
(O10, M11)."""

CONSTANTS: dict[str, dict[str, Any]] = {
    "aim.__version__": {"__version__": AIM_VERSION},
    "aim.cli.cli": _COMMANDS,
    "aim.cli.configs": _COMMANDS,
    "aim.cli.manager.manager": {
        "ERROR_MSG_PREFIX": "Error:",
        "UP_NAME": "up",
        "VERSION_NAME": "version",
    },
    "aim.ext.resource": {
        "AIM_RESOURCE_METRIC_PREFIX": "__system__",
        "DEFAULT_SYSTEM_TRACKING_INT": 10,
    },
    "aim.ext.resource.configs": {
        "AIM_RESOURCE_METRIC_PREFIX": "__system__",
        "DEFAULT_SYSTEM_TRACKING_INT": 10,
    },
    "aim.ext.transport.config": {
        "AIM_CLIENT_SSL_CERTIFICATES_FILE": "__AIM_CLIENT_SSL_CERTIFICATES_FILE__",
        "AIM_RT_BEARER_TOKEN": "__AIM_RT_BEARER_TOKEN__",
        "AIM_SERVER_BASE_PATH": "__AIM_SERVER_BASE_PATH__",
        "AIM_SERVER_DEFAULT_HOST": "0.0.0.0",
        "AIM_SERVER_DEFAULT_PORT": 53800,
        "AIM_SERVER_MOUNTED_REPO_PATH": "__AIM_SERVER_MOUNT_REPO_PATH__",
    },
    "aim.web.configs": {
        "AIM_ENV_MODE_KEY": "__AIM_ENV_MODE__",
        "AIM_LOG_LEVEL_KEY": "__AIM_LOG_LEVEL__",
        "AIM_PROFILER_KEY": "__AIM_PROFILER_ENABLED__",
        "AIM_PROGRESS_REPORT_INTERVAL": 0.5,
        "AIM_PROJECT_SETTINGS_FILE": ".project_settings",
        "AIM_PROXY_URL": "__AIM_PROXY_URL__",
        "AIM_READ_ONLY_UI": "__AIM_READ_ONLY_UI__",
        "AIM_TF_LOGS_PATH_KEY": "__AIM_TF_LOGS_PATH__",
        "AIM_UI_BASE_PATH": "__AIM_UI_BASE_PATH__",
        "AIM_UI_DEFAULT_HOST": "127.0.0.1",
        "AIM_UI_DEFAULT_PORT": 43800,
        "AIM_UI_MOUNTED_REPO_PATH": "__AIM_UI_MOUNT_REPO_PATH__",
    },
    "aim.sdk.callbacks": {"__all__": ["Caller", "event", "events"]},
    "aim.sdk.callbacks.events": {"__all__": ["on"]},
    "aim.sdk.configs": {
        "AIM_ENABLE_TRACKING_THREAD": "__AIM_ENABLE_TRACKING_THREAD__",
        "AIM_REPO_NAME": "__AIM_REPO_NAME__",
        "AIM_RUN_INDEXING_TIMEOUT": "__AIM_RUN_INDEXING_TIMEOUT_SECONDS__",
    },
    "aim.sdk.data_version": {"DATA_VERSION": (1, 3)},
    "aim.sdk.repo": {
        "AIM_ENABLE_TRACKING_THREAD": "__AIM_ENABLE_TRACKING_THREAD__",
        "DATA_VERSION": (1, 3),
    },
    "aim.sdk.run": {"DEFAULT_SYSTEM_TRACKING_INT": 10},
    "aim.sdk.tracker": {"AIM_ENABLE_TRACKING_THREAD": "__AIM_ENABLE_TRACKING_THREAD__"},
    "aim.utils.deprecation": {"DEFAULT_MSG_TEMPLATE": "This functionality will be removed in"},
}
