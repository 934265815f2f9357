"""The calls about devices: their table, one of them, what people add to them, selections and saved views."""

from collections.abc import Iterator

from canopee_client.link import Link, Values, segment
from canopee_contract import fleet, people


class FleetCalls(Link):
    """Devices."""

    def devices(self, *, sort: str = "id", **filters: Values) -> Iterator[people.Device]:
        """Devices that pass every filter; a filter may have several values."""
        return self.pages("/v1/devices", people.Device, {**filters, "sort": sort})

    def device_facets(self, **filters: Values) -> fleet.Facets:
        return self.call("GET", "/v1/devices/facets", fleet.Facets, query=filters)

    def export_devices(self, *, sort: str = "hostname", excel: bool = False, **filters: Values) -> Iterator[bytes]:
        """The same devices as CSV, piece by piece; with semicolons and a byte order mark for `excel`."""
        return self.stream("/v1/devices/export", {**filters, "sort": sort, "excel": str(excel).lower()})

    def fleet_overview(self) -> fleet.FleetOverview:
        return self.call("GET", "/v1/fleet", fleet.FleetOverview)

    def device_facts(self, device_id: str) -> fleet.DeviceFacts:
        return self.call("GET", f"/v1/devices/{segment(device_id)}/facts", fleet.DeviceFacts)

    def timeline(self, device_id: str, *, hours: int = 24) -> fleet.Timeline:
        path = f"/v1/devices/{segment(device_id)}/timeline"
        return self.call("GET", path, fleet.Timeline, query={"hours": str(hours)})

    def diagnosis(self, device_id: str) -> fleet.Diagnosis:
        return self.call("GET", f"/v1/devices/{segment(device_id)}/diagnosis", fleet.Diagnosis)

    def notes(self, device_id: str) -> Iterator[fleet.Note]:
        return self.pages(f"/v1/devices/{segment(device_id)}/notes", fleet.Note)

    def write_note(self, device_id: str, text: str) -> fleet.Note:
        return self.call("POST", f"/v1/devices/{segment(device_id)}/notes", fleet.Note, body=fleet.NewNote(text))

    def delete_note(self, device_id: str, note_id: str) -> None:
        self.send("DELETE", f"/v1/devices/{segment(device_id)}/notes/{segment(note_id)}")

    def change_tags(self, change: fleet.TagChange) -> fleet.TagsChanged:
        return self.call("POST", "/v1/devices/tags", fleet.TagsChanged, body=change)

    def tags(self) -> Iterator[fleet.TagCount]:
        return self.pages("/v1/tags", fleet.TagCount)

    def select(self, new: fleet.NewSelection) -> fleet.Selection:
        return self.call("POST", "/v1/selections", fleet.Selection, body=new)

    def selection(self, selection_id: str) -> fleet.Selection:
        return self.call("GET", f"/v1/selections/{segment(selection_id)}", fleet.Selection)

    def selection_condition(self, selection_id: str) -> fleet.SelectionCondition:
        """The devices of a selection as a condition, for campaigns and previews."""
        return self.call("GET", f"/v1/selections/{segment(selection_id)}/condition", fleet.SelectionCondition)

    def views(self, **filters: str) -> Iterator[fleet.SavedView]:
        return self.pages("/v1/views", fleet.SavedView, filters)

    def save_view(self, new: fleet.NewView) -> fleet.SavedView:
        return self.call("POST", "/v1/views", fleet.SavedView, body=new)

    def change_view(self, view_id: str, new: fleet.NewView) -> fleet.SavedView:
        return self.call("PUT", f"/v1/views/{segment(view_id)}", fleet.SavedView, body=new)

    def delete_view(self, view_id: str) -> None:
        self.send("DELETE", f"/v1/views/{segment(view_id)}")

    def device(self, device_id: str) -> people.Device:
        return self.call("GET", f"/v1/devices/{segment(device_id)}", people.Device)

    def facts_history(self, device_id: str) -> Iterator[people.FactsChange]:
        return self.pages(f"/v1/devices/{segment(device_id)}/facts-history", people.FactsChange)

    def revoke_device(self, device_id: str) -> people.Device:
        return self.call("POST", f"/v1/devices/{segment(device_id)}/revoke", people.Device)
