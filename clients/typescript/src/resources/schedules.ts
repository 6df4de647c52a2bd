// Grants that are made by themselves.
import { path } from "../transport.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import type { Pages } from "../pages.js";
import { Resource } from "./resource.js";
import type {
  NoteBody,
  Preview,
  Query,
  Schedule,
  ScheduleBody,
  ScheduleDeletedEvent,
  ScheduleEvent,
  SchedulePausedEvent,
  ScheduleResumedEvent,
} from "../types.js";

export class Schedules extends Resource {
  list(query: Query<"get_v1_schedules"> = {}, options: ReadOptions = {}): Pages<Schedule> {
    return this.cursorList<Schedule>("/v1/schedules", "schedules", query, options);
  }

  get(schedule: string, options: ReadOptions = {}): Promise<Schedule> {
    return this.read(path`/v1/schedules/${schedule}`, options);
  }

  /** Makes a schedule under an id of yours, or changes it. */
  put(schedule: string, body: ScheduleBody, options: WriteOptions = {}): Promise<ScheduleEvent> {
    return this.write("PUT", path`/v1/schedules/${schedule}`, body, options);
  }

  delete(schedule: string, options: WriteOptions = {}): Promise<ScheduleDeletedEvent> {
    return this.write("DELETE", path`/v1/schedules/${schedule}`, undefined, options);
  }

  /** Skips occurrences until it is resumed. */
  pause(schedule: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<SchedulePausedEvent> {
    return this.write("POST", path`/v1/schedules/${schedule}/pause`, body, options);
  }

  resume(schedule: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<ScheduleResumedEvent> {
    return this.write("POST", path`/v1/schedules/${schedule}/resume`, body, options);
  }

  /** The next occurrences. */
  preview(schedule: string, query: Query<"get_v1_schedules_schedule_preview"> = {}, options: ReadOptions = {}): Promise<Preview> {
    return this.read(path`/v1/schedules/${schedule}/preview`, options, query);
  }
}
