"""The table, classes: Aim's classes with their bases and public members, as Aim 3.29.1 has them.

Facts of Aim, whatever became of the class here: a member is as its class is, unless
`_surface_notes.py` says otherwise. Members are those of the class's own body, dunder methods that
are behaviour, and attributes of its instances; what is inherited is listed at the base. Those of
adapters come from `_surface_adapters.py`.
"""

from __future__ import annotations

from aim_compat import _surface_adapters

__all__ = ["CLASSES"]

CLASSES: dict[str, tuple[str, str]] = {
    **_surface_adapters.classes(),
    "aim.cli.manager.manager.ManagerActionResult": ("", "__init__"),
    "aim.cli.manager.manager.ManagerActionStatuses": ("", "Failed Succeed"),
    "aim.ext.cleanup.AutoClean": ("", "PRIORITY stop_signal __init__ close cleanup finalizer"),
    "aim.ext.cleanup.RobustExec": ("", "__init__ join stop_signal"),
    "aim.ext.resource.log.LogLine": ("Text", "AIM_NAME __init__"),
    "aim.ext.resource.log.Logs": ("MediaSequenceBase", "allowed_dtypes sequence_name"),
    "aim.ext.resource.stat.Stat": ("", "__init__ process stat_item system gpus get_stats"),
    "aim.ext.resource.stat.StatDict": (
        "",
        "AGG_MODE_AVG AGG_MODE_MIN AGG_MODE_MAX AGG_MODE_DIFF AGG_DEFAULT aggregate "
        "aggregate_items __init__ to_dict gpus system",
    ),
    "aim.ext.resource.tracker.ResourceTracker": (
        "",
        "STAT_INTERVAL_MIN STAT_INTERVAL_MAX STAT_INTERVAL_DEFAULT check_interval "
        "reset_cpu_cycle reset_proc_interval __init__ start stop close",
    ),
    "aim.ext.tensorboard_tracker.tracker.TensorboardEvent": ("", "__init__"),
    "aim.ext.tensorboard_tracker.tracker.TensorboardEventConsumer": ("", "__init__ start stop"),
    "aim.ext.tensorboard_tracker.tracker.TensorboardFolderTracker": ("", "__init__ start stop"),
    "aim.ext.tensorboard_tracker.tracker.TensorboardTracker": ("", "__init__ start stop close"),
    "aim.sdk.base_run.BaseRun": (
        "",
        "__init__ __hash__ __repr__ series_run_trees check_metrics_version update_metrics "
        "hash meta_run_tree meta_tree read_only repo",
    ),
    "aim.sdk.callbacks.caller.Caller": ("", "__init__ register trigger"),
    "aim.sdk.callbacks.events.On": ("", "__getattr__"),
    "aim.sdk.errors.MissingRunError": ("", ""),
    "aim.sdk.errors.RepoIntegrityError": ("", ""),
    "aim.sdk.errors.RunLockingError": ("", ""),
    "aim.sdk.index_manager.RepoIndexManager": (
        "",
        "index_manager_pool get_index_manager __init__ start stop monitor_chunk_directory "
        "add_run_to_queue index chunk_change_handler chunk_change_observer chunks_dir "
        "indexing_queue lock new_chunk_handler new_chunk_observer repo repo_path",
    ),
    "aim.sdk.lock_manager.LockInfo": (
        "",
        "run_hash locked version type created_at age __init__ __repr__ __eq__ __hash__",
    ),
    "aim.sdk.lock_manager.LockManager": (
        "",
        "machine_id pid __init__ softlock_fname get_run_lock_info get_run_lock lock release_locks "
        "is_stalled_lock locks_path repo_path",
    ),
    "aim.sdk.lock_manager.LockType": ("", "SOFT_LOCK UNIX_LOCK"),
    "aim.sdk.lock_manager.LockingVersion": ("", "LEGACY NEW"),
    "aim.sdk.lock_manager.SFRunLock": ("RunLock", "__init__ lock release run_hash"),
    "aim.sdk.logging.log_record.LogRecord": (
        "CustomObject",
        "AIM_NAME __init__ message level json __hash__",
    ),
    "aim.sdk.logging.log_record.LogRecords": ("Sequence", "allowed_dtypes sequence_name"),
    "aim.sdk.maintenance_run.MaintenanceRun": ("BaseRun", "__init__"),
    "aim.sdk.objects.artifact.Artifact": (
        "CustomObject",
        "AIM_NAME __init__ name path uri upload download",
    ),
    "aim.sdk.objects.audio.Audio": (
        "CustomObject",
        "AIM_NAME UNKNOWN MP3 WAV FLAC audio_formats __init__ json to_numpy get",
    ),
    "aim.sdk.objects.distribution.Distribution": (
        "CustomObject",
        "AIM_NAME __init__ from_histogram from_samples bin_count range weights ranges json "
        "to_np_histogram",
    ),
    "aim.sdk.objects.figure.Figure": (
        "CustomObject",
        "AIM_NAME __init__ data json to_plotly_figure",
    ),
    "aim.sdk.objects.image.Image": (
        "CustomObject",
        "DEFAULT_IMG_FORMAT FLAG_WARN_RGBA_RGB AIM_NAME __init__ caption format width "
        "height size to_pil_image json __eq__ __hash__",
    ),
    "aim.sdk.objects.plugins.deeplake_dataset.DeeplakeDataset": ("CustomObject", "__init__"),
    "aim.sdk.objects.plugins.deeplake_dataset.UncommittedDatasetWarning": ("", ""),
    "aim.sdk.objects.plugins.deeplake_dataset.ViewOnUncommittedDatasetWarning": ("", ""),
    "aim.sdk.objects.plugins.dvc_metadata.DvcData": ("CustomObject", "__init__"),
    "aim.sdk.objects.plugins.hf_datasets_metadata.HFDataset": ("CustomObject", "__init__"),
    "aim.sdk.objects.plugins.hub_dataset.HubDataset": ("CustomObject", "__init__"),
    "aim.sdk.objects.text.Text": ("CustomObject", "AIM_NAME __init__ json data __repr__"),
    "aim.sdk.query_utils.ContextView": ("", "__init__ __getitem__ context get view"),
    "aim.sdk.query_utils.RunView": (
        "",
        "__init__ __getattr__ __getitem__ get db hash meta_run_attrs_tree meta_run_tree "
        "proxy_cache run structured_run_cls",
    ),
    "aim.sdk.query_utils.SequenceView": ("", "__init__ __getattr__ context name run"),
    "aim.sdk.repo.Repo": (
        "",
        "tracking_queue __init__ meta_tree __repr__ __hash__ __eq__ default_repo_path "
        "default_repo from_path exists rm check_repo_status get_version is_remote_path "
        "request_tree request_container request_props request_run_lock iter_runs "
        "iter_runs_from_cache run_exists is_index_corrupted list_all_runs "
        "list_corrupted_runs list_active_runs total_runs_count get_run query_runs "
        "delete_run delete_runs copy_runs move_runs delete_experiment query_metrics "
        "query_images query_audios query_figure_objects query_distributions query_texts "
        "run_props_cache_hint encryption_key available_sequence_types "
        "validate_sequence_types collect_sequence_info collect_params_info prune close "
        "is_remote_repo atomic_track container_pool path persistent_pool read_only "
        "root_path structured_db",
    ),
    "aim.sdk.repo.RepoStatus": ("", "MISSING UPDATE_REQUIRED PATCH_REQUIRED UPDATED"),
    "aim.sdk.run.BasicRun": (
        "BaseRun StructuredRunMixin",
        "__init__ __hash__ idx_to_ctx __setitem__ __getitem__ set get __delitem__ track "
        "artifacts_uri set_artifacts_uri log_artifact log_artifacts artifacts log_error "
        "log_warning log_info log_debug get_log_records props iter_metrics_info "
        "iter_sequence_info_by_type metrics __eq__ get_metric get_image_sequence "
        "get_figure_sequence get_audio_sequence get_distribution_sequence get_terminal_logs "
        "get_text_sequence collect_sequence_info close dataframe report_progress "
        "report_successful_finish meta_attrs_tree meta_run_attrs_tree",
    ),
    "aim.sdk.run.Run": ("BasicRun", "__init__"),
    "aim.sdk.run.StructuredRunMixin": (
        "",
        "name description archived creation_time created_at finalized_at end_time duration "
        "active experiment tags add_tag remove_tag",
    ),
    "aim.sdk.sequence.MediaSequenceBase": ("Sequence", "collections_allowed record_length"),
    "aim.sdk.sequence.Sequence": (
        "",
        "registry collections_allowed __init__ __repr__ allowed_dtypes sequence_name "
        "__hash__ series_tree data version values epochs timestamps __bool__ __len__ "
        "preload first_step last_step context name run",
    ),
    "aim.sdk.sequence.SequenceData": (
        "",
        "__init__ step_hash view range sample __iter__ items values indices items_list "
        "values_list indices_list numpy arrays columns series_tree version",
    ),
    "aim.sdk.sequence.SequenceV1Data": (
        "SequenceData",
        "__init__ view range sample items_list n_items step_range",
    ),
    "aim.sdk.sequence.SequenceV2Data": (
        "SequenceData",
        "__init__ view range sample items_list numpy meta_tree n_items steps",
    ),
    "aim.sdk.sequence_collection.QueryRunSequenceCollection": (
        "SequenceCollection",
        "__init__ iter iter_runs offset paginated query repo report_mode seq_cls",
    ),
    "aim.sdk.sequence_collection.QuerySequenceCollection": (
        "SequenceCollection",
        "__init__ iter_runs iter query repo report_mode runs_proxy_cache seq_cls",
    ),
    "aim.sdk.sequence_collection.SequenceCollection": ("", "dataframe __iter__ iter iter_runs"),
    "aim.sdk.sequence_collection.SingleRunSequenceCollection": (
        "SequenceCollection",
        "__init__ iter_runs iter query run runs_proxy_cache seq_cls",
    ),
    "aim.sdk.sequences.audio_sequence.Audios": (
        "MediaSequenceBase",
        "allowed_dtypes sequence_name",
    ),
    "aim.sdk.sequences.distribution_sequence.Distributions": (
        "Sequence",
        "allowed_dtypes sequence_name",
    ),
    "aim.sdk.sequences.figure_sequence.Figures": ("Sequence", "allowed_dtypes sequence_name"),
    "aim.sdk.sequences.image_sequence.Images": (
        "MediaSequenceBase",
        "allowed_dtypes sequence_name",
    ),
    "aim.sdk.sequences.metric.Metric": ("Sequence", "allowed_dtypes sequence_name dataframe"),
    "aim.sdk.sequences.text_sequence.Texts": ("MediaSequenceBase", "allowed_dtypes sequence_name"),
    "aim.sdk.tracker.RunTracker": (
        "",
        "track_rate_warn __init__ idx_to_ctx __call__ contexts hash meta_run_tree meta_tree "
        "read_only repo sequence_infos series_run_trees",
    ),
    "aim.sdk.training_flow.TrainingFlow": (
        "Caller",
        "__init__ init training_started training_metrics_collected "
        "validation_metrics_collected training_successfully_finished exception_raised "
        "handle_exceptions run",
    ),
    "aim.sdk.types.QueryReportMode": ("", "DISABLED PROGRESS_BAR PROGRESS_TUPLE"),
    "aim.storage.arrayview.ArrayView": (
        "",
        "__iter__ __len__ __getitem__ __setitem__ __delitem__ keys indices values items "
        "sparse_list indices_list values_list sparse_numpy indices_numpy values_numpy tolist first "
        "first_idx first_value last last_idx last_value",
    ),
    "aim.storage.artifacts.ArtifactStorage": ("AbstractArtifactStorage", ""),
    "aim.storage.artifacts.artifact_registry.ArtifactStorageRegistry": (
        "",
        "__init__ register get_storage registry",
    ),
    "aim.storage.artifacts.artifact_storage.AbstractArtifactStorage": (
        "",
        "__init__ upload_artifact download_artifact delete_artifact url",
    ),
    "aim.storage.artifacts.filesystem_storage.FilesystemArtifactStorage": (
        "AbstractArtifactStorage",
        "__init__ upload_artifact download_artifact delete_artifact",
    ),
    "aim.storage.artifacts.s3_storage.S3ArtifactStorage": (
        "AbstractArtifactStorage",
        "__init__ upload_artifact download_artifact delete_artifact",
    ),
    "aim.storage.containertreeview.ContainerTreeView": (
        "",
        "__getitem__ __setitem__ __delitem__ preload finalize subtree get set keys_eager "
        "keys items_eager items array first_key last_key view make_array collect __init__ "
        "update iterlevel container",
    ),
    "aim.storage.context.Context": (
        "",
        "__init__ idx __repr__ to_dict __iter__ __len__ __getitem__ __hash__ __eq__",
    ),
    "aim.storage.inmemorytreeview.InMemoryTreeView": (
        "TreeView",
        "__init__ __delitem__ __setitem__ array collect first_key items items_eager iterlevel keys "
        "keys_eager last_key make_array view container",
    ),
    "aim.storage.locking.RunLock": ("", "lock release"),
    "aim.storage.object.CustomObject": (
        "CustomObjectBase",
        "registry __init__ alias by_name get_typename __deepcopy__ storage",
    ),
    "aim.storage.query.Query": ("", "__init__ check __call__ expr"),
    "aim.storage.query.RestrictedPythonQuery": (
        "Query",
        "allowed_params __init__ __bool__ check run_metadata_cache",
    ),
    "aim.storage.structured.db.DB": (
        "",
        "runs search_runs find_run find_runs create_run delete_run experiments "
        "search_experiments find_experiment create_experiment delete_experiment tags "
        "search_tags find_tag create_tag delete_tag __init__ run_cls experiment_cls tag_cls "
        "get_session __enter__ __exit__ from_path get_default_url get_db_url caches "
        "run_upgrades init_cache invalidate_all_caches invalidate_cache",
    ),
    "aim.storage.structured.sql_engine.entities.ModelMappedExperiment": (
        "",
        "find all search fields uuid name description archived runs __init__ __repr__ "
        "__eq__ from_model from_name get_runs delete_experiment notes find_note add_note "
        "update_note remove_note refresh_model created_at creation_time updated_at __hash__",
    ),
    "aim.storage.structured.sql_engine.entities.ModelMappedRun": (
        "",
        "find all search fields hash name description archived experiment tags add_tag "
        "remove_tag info __init__ __repr__ from_model from_hash delete_run find_many "
        "experiment_obj tags_obj notes_obj notes find_note add_note update_note remove_note "
        "created_at creation_time finalized_at end_time updated_at",
    ),
    "aim.storage.structured.sql_engine.entities.ModelMappedTag": (
        "",
        "find all search fields uuid name color description archived runs __init__ __repr__ "
        "__eq__ from_model from_name delete get_runs created_at updated_at __hash__",
    ),
    "aim.storage.treearrayview.TreeArrayView": (
        "ArrayView",
        "__iter__ __init__ __bool__ __len__ __getitem__ __setitem__ __delitem__ allocate keys "
        "indices "
        "values items update sparse_list indices_list values_list sparse_numpy "
        "indices_numpy values_numpy tolist first first_idx first_value last last_idx "
        "last_value tree dtype",
    ),
    "aim.storage.treeview.TreeView": (
        "",
        "__getitem__ __setitem__ __delitem__ preload finalize subtree get set keys_eager keys "
        "items_eager items array first_key last_key view make_array collect",
    ),
    "aim.storage.types.CustomObjectBase": ("", ""),
    "aim.storage.types.SafeNone": (
        "",
        "get __repr__ __call__ __getattr__ __getitem__ __bool__ __eq__ __hash__ __iter__",
    ),
    "aim.storage.types.Singleton": ("", "__call__"),
    "aim.storage.utils.BLOB": ("", "__init__ __len__ __deepcopy__ transform load data loader_fn"),
}
"""Dotted name of the class to its bases among these classes, and its members."""
