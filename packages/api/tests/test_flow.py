from canopee_api.testing import Office


async def test_a_pc_enrols_and_gets_the_order_of_a_campaign_whose_condition_holds(office: Office) -> None:
    await office.publish_pipeline("inventory", approval="none")
    pc = await office.pc({"os.family": "windows"})
    other = await office.pc({"os.family": "linux"})
    await office.publish_pipeline("repair", "action")
    campaign = office.campaign("repair", {"fact": "os.family", "op": "eq", "value": "windows"})
    view = await office.areas.campaigns.start_signed(office.sign(campaign), by="test")
    assert (view.total, view.states) == (1, {"pending": 1})
    for task in (pc, other):
        reply = await task.check_in()
        assert len(reply.orders) == (1 if task is pc else 0)
